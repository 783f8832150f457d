import { useTranslation } from "react-i18next";
import { Link, usePlace } from "../../../app/router";
import { EditGrant, NewGrant } from "./Form";
import { List } from "./List";
import { Personal } from "./Personal";
import { Why } from "./Why";
import { useTop } from "./useTop";
import styles from "./Grants.module.css";

/** Who may see and do what: the grants there are, one of them, why somebody can or cannot, what is personal. */
export default function Grants() {
  const { t } = useTranslation("settings/grants");
  const { path } = usePlace();
  const asked = path.split("/")[3] ?? "";
  const top = useTop();
  return (
    <div ref={top} tabIndex={-1} className={styles.page}>
      {asked !== "" && (
        <p>
          <Link to="/settings/grants">{t("back")}</Link>
        </p>
      )}
      <Open asked={asked} />
    </div>
  );
}

function Open({ asked }: { asked: string }) {
  if (asked === "") return <List />;
  if (asked === "why") return <Why />;
  if (asked === "personal") return <Personal />;
  return asked === "new" ? <NewGrant /> : <EditGrant key={asked} id={Number(asked)} />;
}
