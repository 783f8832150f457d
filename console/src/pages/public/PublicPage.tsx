import { lazy, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { sendAsAnyone } from "../../api/client";
import type { Entity } from "../../api/entities";
import { ApiError } from "../../api/errors";
import { Link } from "../../app/router";
import { SETTINGS } from "../../app/settings";
import { Button } from "../../components/Button";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { useTown } from "../live/useTown";
import { DataSet } from "./DataSet";
import styles from "./PublicPage.module.css";

const PublicMap = lazy(() => import("./PublicMap"));
const WIDE = "(width >= 900px)";

/** What the town shows to everybody. Asked without credentials: who is logged in sees what the others see. */
export default function PublicPage() {
  const { t } = useTranslation("public");
  const [state, town] = useTown(sendAsAnyone);
  const [isMap, setMap] = useState(() => window.matchMedia(WIDE).matches);
  const sets = useMemo(() => byType(state.entities.values()), [state.entities]);
  if (state.error !== undefined && sets.length === 0) {
    if (isClosed(state.error)) return <NothingPublic />;
    return <ErrorState error={state.error} onRetry={() => town.start()} />;
  }
  if (state.isLoading && sets.length === 0) return <Loading />;
  if (sets.length === 0) return <NothingPublic />;
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1>{t("title")}</h1>
        <p>{t("intro")}</p>
        <Licence />
      </header>
      {isMap ? (
        <div className={styles.map}>
          <Suspense fallback={<Loading />}>
            <PublicMap entities={state.entities} />
          </Suspense>
        </div>
      ) : (
        <Button icon="map" onClick={() => setMap(true)}>
          {t("openMap")}
        </Button>
      )}
      <h2>{t("sets")}</h2>
      <ul className={styles.sets}>
        {sets.map(([type, entities]) => (
          <DataSet key={type} type={type} entities={entities} />
        ))}
      </ul>
      <section className={styles.develop}>
        <h2>{t("develop.title")}</h2>
        <p>
          {t("develop.text")} <a href="/docs">{t("develop.docs")}</a>
        </p>
      </section>
    </div>
  );
}

const isClosed = (error: unknown): boolean => error instanceof ApiError && (error.status === 401 || error.status === 403);

function NothingPublic() {
  const { t } = useTranslation("public");
  return (
    <div className={styles.page}>
      <h1>{t("title")}</h1>
      <EmptyState icon="public" title={t("nothing.title")} action={<Link to="/login">{t("nothing.login")}</Link>}>
        {t("nothing.text")}
      </EmptyState>
    </div>
  );
}

function byType(entities: Iterable<Entity>): [string, Entity[]][] {
  const found = new Map<string, Entity[]>();
  for (const entity of entities) {
    const type = entity.types[0] ?? "";
    const listed = found.get(type);
    if (listed === undefined) found.set(type, [entity]);
    else listed.push(entity);
  }
  return [...found].sort(([, one], [, other]) => other.length - one.length);
}

function Licence() {
  const { t } = useTranslation("public");
  const licence = SETTINGS.licence;
  if (licence === undefined) return <p className={styles.soft}>{t("licence.none")}</p>;
  return (
    <p>
      {t("licence.label")} {licence.url === undefined ? licence.name : <a href={licence.url}>{licence.name}</a>}
      {licence.attribution !== undefined && ` ${t("licence.attribution", { name: licence.attribution })}`}
    </p>
  );
}
