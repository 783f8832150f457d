import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { navigate } from "../../app/router";
import { forget, pause, replay, resume, test, type Tested } from "./asking";
import type { Act } from "./logic/reasons";

type Doing = Act | "pause" | readonly number[];

export interface Acting {
  readonly act: (what: Act | "pause") => void;
  /** Sends some that were given up again. */
  readonly replaySome: (ids: readonly number[]) => void;
  readonly busy: Doing | undefined;
  readonly said: string | undefined;
  readonly tested: Tested | undefined;
  /** How many are on their way again. */
  readonly replayed: number | undefined;
  readonly error: Error | null;
}

/** What can be done with a subscription, one thing at a time, and what came of it. */
export function useActs(id: string, openCatchUp: () => void): Acting {
  const { t } = useTranslation("subscriptions");
  const queries = useQueryClient();
  const [said, setSaid] = useState<string>();
  const [tested, setTested] = useState<Tested>();
  const [replayed, setReplayed] = useState<number>();
  const doing = useMutation({
    scope: { id: `subscription ${id}` }, // one after the other, in the order in which they were asked for
    mutationFn: async (what: Doing) => {
      setSaid(undefined);
      setTested(undefined);
      setReplayed(undefined);
      if (what === "test") setTested(await test(id));
      else if (what === "pause") {
        await pause(id, "paused in the console");
        setSaid(t("act.paused"));
      } else if (what === "resume") {
        await resume(id);
        setSaid(t("act.resumed"));
      } else setReplayed((await replay(id, typeof what === "string" ? undefined : what)).replayed);
    },
    onSettled: () => forget(queries),
  });
  const act = (what: Act | "pause") => {
    if (what === "edit" || what === "extend") navigate(`/subscriptions/${encodeURIComponent(id)}/edit`);
    else if (what === "catchUp") openCatchUp();
    else doing.mutate(what);
  };
  return { act, replaySome: (ids) => doing.mutate(ids), busy: doing.isPending ? doing.variables : undefined, said, tested, replayed, error: doing.error };
}
