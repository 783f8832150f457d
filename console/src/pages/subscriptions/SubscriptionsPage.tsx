import { useTranslation } from "react-i18next";
import { Link, usePlace } from "../../app/router";
import { Detail } from "./Detail";
import { EditForm, NewForm } from "./Form";
import { List } from "./List";
import styles from "./Subscriptions.module.css";

/** /subscriptions: the list; …/new: the form; …/{id}: how one stands; …/{id}/edit: the form of one. */
export default function SubscriptionsPage() {
  const { t } = useTranslation("subscriptions");
  const { path } = usePlace();
  const [, , part, rest] = path.split("/");
  const id = part === undefined || part === "" || part === "new" ? undefined : decodeURIComponent(part);
  const isList = part === undefined || part === "";
  return (
    <div className={styles.page}>
      {!isList && (
        <p>
          <Link to="/subscriptions">{t("back")}</Link>
        </p>
      )}
      {isList && <List />}
      {part === "new" && <NewForm />}
      {id !== undefined && (rest === "edit" ? <EditForm key={id} id={id} /> : <Detail key={id} id={id} />)}
    </div>
  );
}
