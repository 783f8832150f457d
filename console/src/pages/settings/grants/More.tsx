import { type ReactNode, useState } from "react";
import styles from "./Grants.module.css";

/** What few need, folded away. Open at first where something in it is set; from then on as one leaves it. */
export function More({ title, isOpen = false, children }: { title: string; isOpen?: boolean; children: ReactNode }) {
  const [first] = useState(isOpen);
  return (
    <details className={styles.more} open={first || undefined}>
      <summary>{title}</summary>
      {children}
    </details>
  );
}
