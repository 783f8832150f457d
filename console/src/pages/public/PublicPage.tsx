import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../api/errors";
import { Link } from "../../app/router";
import { Button } from "../../components/Button";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { DataSetCard } from "./DataSetCard";
import { type DataSet, getOpenData, titleOf } from "./openData";
import styles from "./PublicPage.module.css";

const PublicMap = lazy(() => import("./PublicMap"));
const WIDE = "(width >= 900px)";

/** What the town shows to everybody: a list that is there at once; map and values are asked for when they are wanted. */
export default function PublicPage() {
  const { t } = useTranslation("public");
  const asked = useQuery({ queryKey: ["open-data"], queryFn: ({ signal }) => getOpenData(signal) });
  if (asked.isPending) return <Loading onCancel={() => history.back()} />;
  if (asked.isError && !isClosed(asked.error)) return <ErrorState isPage error={asked.error} onRetry={() => void asked.refetch()} />;
  const sets = asked.data ?? [];
  if (sets.length === 0) return <NothingPublic />;
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1>{t("title")}</h1>
        <p>{t("intro")}</p>
      </header>
      <h2>{t("sets")}</h2>
      <ul className={styles.sets}>
        {[...sets].sort(byTitle).map((set) => (
          <DataSetCard key={set.type} set={set} />
        ))}
      </ul>
      <MapSection />
      <section className={styles.develop}>
        <h2>{t("develop.title")}</h2>
        <p>
          {t("develop.text")} <a href="/docs">{t("develop.docs")}</a> · <a href="/api/v1/open-data">{t("develop.list")}</a>
        </p>
      </section>
    </div>
  );
}

const isClosed = (error: unknown): boolean => error instanceof ApiError && (error.status === 401 || error.status === 403);
const byTitle = (one: DataSet, other: DataSet): number => titleOf(one).localeCompare(titleOf(other), "ja");

function MapSection() {
  const { t } = useTranslation("public");
  const [isMap, setMap] = useState(() => window.matchMedia(WIDE).matches);
  return (
    <>
      <h2>{t("map")}</h2>
      {isMap ? (
        <div className={styles.map}>
          <Suspense fallback={<Loading />}>
            <PublicMap />
          </Suspense>
        </div>
      ) : (
        <Button icon="map" onClick={() => setMap(true)}>
          {t("openMap")}
        </Button>
      )}
    </>
  );
}

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
