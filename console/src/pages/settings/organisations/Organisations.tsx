import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { usePlace } from "../../../app/router";
import { Detail } from "./Detail";
import { List } from "./List";
import { NewOrganisation } from "./NewOrganisation";

/** Organisations: a list, one of them, a new one. Who looks after none sees their own. */
export default function Organisations() {
  const { path } = usePlace();
  const { visitor } = useAuth();
  const isManaging = may(visitor, "organisations");
  const name = decodeURIComponent(path.split("/")[3] ?? "");
  if (name === "new" && isManaging) return <NewOrganisation />;
  if (name !== "") return <Detail key={name} name={name} isManaging={isManaging} />;
  return <List isManaging={isManaging} />;
}
