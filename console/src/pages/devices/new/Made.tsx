import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { navigate } from "../../../app/router";
import { Button } from "../../../components/Button";
import { Download } from "../../../components/Download";
import { Notice } from "../../../components/states";
import type { Registered } from "./asking";
import { Login } from "./Login";
import styles from "./New.module.css";

/** The device is registered: its password, its label, the ways on. */
export function Made({ made, onAgain }: { made: Registered; onAgain: () => void }) {
  const { t } = useTranslation("devices/new");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section className={styles.section} aria-labelledby="made">
      <h1 id="made" ref={heading} tabIndex={-1}>
        {t("made.title", { id: made.id })}
      </h1>
      <Notice kind="good">{t("made.text")}</Notice>
      {made.mqtt != null && <Login id={made.id} shown={made.mqtt} />}
      <div className={styles.actions}>
        <Download path={`/api/v1/devices/labels.pdf?ids=${encodeURIComponent(made.id)}`} name={`${made.id}.pdf`}>
          {t("made.label")}
        </Download>
        <Button onClick={onAgain}>{t("made.again")}</Button>
        <Button kind="main" onClick={() => navigate(`/devices?id=${encodeURIComponent(made.id)}`)}>
          {t("made.open")}
        </Button>
      </div>
    </section>
  );
}
