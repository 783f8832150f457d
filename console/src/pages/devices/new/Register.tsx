import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import type { Registered } from "./asking";
import { Made } from "./Made";
import { Steps } from "./Steps";

/** One device in three steps: what it is, where it is, what it is called. */
export default function Register() {
  const { t } = useTranslation("devices/new");
  const [made, setMade] = useState<Registered>();
  return (
    <>
      <p>
        <Link to="/devices">{t("form.back")}</Link>
      </p>
      {made === undefined ? <Steps onMade={setMade} /> : <Made made={made} onAgain={() => setMade(undefined)} />}
    </>
  );
}
