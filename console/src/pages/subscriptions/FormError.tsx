import styles from "./Subscriptions.module.css";

/** What is wrong with a group of fields; nothing where nothing is. */
export function FormError({ text }: { text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <p className={styles.error} role="alert">
      {text}
    </p>
  );
}
