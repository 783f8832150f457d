import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { usePlace } from "../../../app/router";
import { useTop } from "../grants/useTop";
import { Detail } from "./Detail";
import { List } from "./List";
import { NewOrganisation } from "./NewOrganisation";
import styles from "./Organisations.module.css";

/** Organisations: a list, one of them, a new one. Who looks after none sees their own. */
export default function Organisations() {
  const { path } = usePlace();
  const { visitor } = useAuth();
  const isManaging = may(visitor, "organisations");
  const name = decodeURIComponent(path.split("/")[3] ?? "");
  const top = useTop();
  return (
    <div ref={top} tabIndex={-1} className={styles.page}>
      <Open name={name} isManaging={isManaging} />
    </div>
  );
}

function Open({ name, isManaging }: { name: string; isManaging: boolean }) {
  if (name === "new" && isManaging) return <NewOrganisation />;
  if (name !== "") return <Detail key={name} name={name} isManaging={isManaging} />;
  return <List isManaging={isManaging} />;
}
