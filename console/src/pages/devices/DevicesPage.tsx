import { usePlace } from "../../app/router";
import styles from "./Devices.module.css";
import { List } from "./List";
import { Register } from "./Register";

/** /devices: the list, with one of them open by `?id=`; /devices/new: the form. */
export default function DevicesPage() {
  const { path } = usePlace();
  return <div className={styles.page}>{path.split("/")[2] === "new" ? <Register /> : <List />}</div>;
}
