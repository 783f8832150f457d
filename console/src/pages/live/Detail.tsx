import { type RefObject, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../api/errors";
import type { Entity } from "../../api/entities";
import { IconButton } from "../../components/Button";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { plainId } from "../../format/names";
import styles from "./Detail.module.css";
import { Headline } from "./Headline";
import { usePlaceOf } from "./place";
import { PlaceDetail } from "./PlaceDetail";

interface Props {
  id: string;
  /** As the town's stream tells of it; what else there is, is asked for here. */
  live: Entity | undefined;
  now: number;
  onClose: () => void;
}

/** All that is known of one place. Beside the map; on a phone over it. */
export function Detail({ id, live, now, onClose }: Props) {
  const { t } = useTranslation("live");
  const panel = useRef<HTMLElement>(null);
  const { place, isError, error, refetch } = usePlaceOf(id, live);
  const shown = place?.entity ?? live;
  useFocusFor(panel);
  useEscape(onClose);
  return (
    <aside ref={panel} className={styles.panel} tabIndex={-1} aria-label={shown?.name ?? plainId(id)}>
      <IconButton className={styles.close} icon="close" label={t("detail.close")} onClick={onClose} />
      {shown !== undefined && <Headline entity={shown} now={now} />}
      {place !== undefined ? (
        <PlaceDetail place={place} now={now} />
      ) : isError && isGone(error) ? (
        <EmptyState icon="search" title={t("detail.gone")}>
          {t("detail.goneText")}
        </EmptyState>
      ) : isError ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading />
      )}
    </aside>
  );
}

const isGone = (error: unknown): boolean => error instanceof ApiError && (error.status === 404 || error.status === 400);

/** Reading goes on in the panel, and back to where it was when the panel closes. */
function useFocusFor(panel: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const opener = document.activeElement;
    panel.current?.focus({ preventScroll: false });
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, [panel]);
}

function useEscape(onEscape: () => void): void {
  const latest = useRef(onEscape);
  useEffect(() => {
    latest.current = onEscape;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === "Escape" && document.querySelector("dialog[open]") === null) latest.current();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
