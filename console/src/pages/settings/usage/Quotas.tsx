import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../../api/client";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { cx } from "../../../components/cx";
import { Icon } from "../../../components/Icon";
import { formatCount, formatShare } from "../../../format/numbers";
import { DAY, startOfDay, toDateInput } from "../../../format/times";
import common from "../Settings.module.css";
import { getUsage } from "./asking";
import { useOrganisationNames } from "./names";
import { type Limits, type Quota, quotasOf, shareOf } from "./report";
import styles from "./Usage.module.css";

const FULL = 1;
const NEARLY = 0.8;

/** What counts as a limit, and how much of the day's quota is used; for those who may see limits. */
export function Quotas() {
  const { t } = useTranslation("settings/usage");
  const { visitor } = useAuth();
  const maySee = may(visitor, "limits") && visitor.tenants === undefined;
  const today = toDateInput(startOfDay());
  const tomorrow = toDateInput(startOfDay() + DAY);
  const asked = useQuery({
    queryKey: ["settings", "quotas", today],
    enabled: maySee,
    queryFn: async ({ signal }) => {
      const [limits, { organisations }, rows] = await Promise.all([
        answer(api.GET("/api/v1/limits", { signal })),
        answer(api.GET("/api/v1/organisations", { signal })),
        getUsage({ from: today, until: tomorrow }, signal),
      ]);
      return { limits, quotas: quotasOf(rows, limits, organisations) };
    },
  });
  if (asked.data === undefined) return null;
  const { limits, quotas } = asked.data;
  return (
    <>
      <h3>{t("quota.title")}</h3>
      <Defaults limits={limits} />
      {quotas.length === 0 ? (
        <p className={common.soft}>{t("quota.none")}</p>
      ) : (
        <ul className={styles.quotas}>
          {quotas.map((quota) => (
            <QuotaBar key={quota.organisation} quota={quota} />
          ))}
        </ul>
      )}
    </>
  );
}

function QuotaBar({ quota }: { quota: Quota }) {
  const { t } = useTranslation("settings/usage");
  const nameOf = useOrganisationNames();
  const share = shareOf(quota);
  const state = share >= FULL ? "full" : share >= NEARLY ? "nearly" : "enough";
  return (
    <li>
      <strong>{nameOf(quota.organisation)}</strong>
      <span className={styles.track} aria-hidden="true">
        <span className={cx(styles.bar, styles[state])} style={{ width: `${Math.min(1, share) * 100}%` }} />
      </span>
      <span className="numbers">
        {state !== "enough" && <Icon name={state === "full" ? "stop" : "warning"} size={18} />} {t("quota.used", { used: formatCount(quota.used), limit: formatCount(quota.limit), share: formatShare(share) })} {t(`quota.${state}`)}
      </span>
    </li>
  );
}

const RATES = ["key", "organisation", "anonymous"] as const;

function Defaults({ limits }: { limits: Limits }) {
  const { t } = useTranslation("settings/usage");
  const rate = (name: (typeof RATES)[number]) => limits.defaults[name]?.value;
  return (
    <ul className={cx(common.soft, styles.defaults)}>
      {RATES.map((name) => {
        const value = rate(name);
        return <li key={name}>{value === undefined ? t(`quota.free.${name}`) : t(`quota.rate.${name}`, { value: formatCount(value) })}</li>;
      })}
    </ul>
  );
}
