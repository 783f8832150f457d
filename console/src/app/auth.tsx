/**
 * Who is here. At the start we ask the API; a 401 later leads to the login and back to where one was.
 * Pages read `useAuth()`; what somebody may not do, the API refuses (403), and the page shows why.
 */

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { listenToUnauthorized } from "../api/client";
import { forgetKey, getKey, setKey, setTenant } from "../api/credentials";
import { endSession, findOut, type Visitor } from "../api/session";
import { Loading } from "../components/states";
import { queries } from "./queries";
import { navigate } from "./router";

interface Auth {
  readonly visitor: Visitor;
  /** Whether the API gave us up: the key or the session is not valid any more. */
  readonly isExpired: boolean;
  /** Asks the API again who is here; after a login by session. */
  readonly refresh: () => Promise<Visitor>;
  /** Tries a pasted key. Raises ApiError when it opens nothing; the key is forgotten then. */
  readonly enterKey: (key: string) => Promise<void>;
  readonly leave: () => Promise<void>;
}

const Context = createContext<Auth | null>(null);

export function useAuth(): Auth {
  const auth = useContext(Context);
  if (auth === null) throw new Error("useAuth outside of AuthProvider");
  return auth;
}

export function AuthProvider({ children }: { children: ReactNode }) {
  const [visitor, setVisitor] = useState<Visitor | null>(null);
  const [isExpired, setExpired] = useState(false);

  const refresh = useCallback(async () => {
    const found = await findOut();
    setVisitor(found);
    setExpired(false);
    return found;
  }, []);

  useEffect(() => {
    let isWanted = true;
    void findOut().then((found) => {
      if (isWanted) setVisitor(found);
    });
    return () => {
      isWanted = false;
    };
  }, []);

  useEffect(() => listenToUnauthorized(() => setExpired(true)), []);

  const auth = useMemo<Auth | null>(() => {
    if (visitor === null) return null;
    return {
      visitor,
      isExpired,
      refresh,
      enterKey: async (key) => {
        setKey(key);
        queries.clear();
        const found = await refresh();
        if (found.kind !== "key") forgetKey();
        if (found.refusal !== undefined) throw found.refusal;
      },
      leave: async () => {
        const isSession = visitor.kind === "session";
        forgetKey();
        setTenant(null);
        queries.clear();
        const provider = isSession ? await endSession() : null;
        if (provider !== null) {
          location.assign(provider);
          return;
        }
        await refresh();
        navigate("/login");
      },
    };
  }, [visitor, isExpired, refresh]);

  if (auth === null) return <Loading />;
  return <Context value={auth}>{children}</Context>;
}

/** Whether there is a key in this tab: asked before the API answered. */
export const hasKey = (): boolean => getKey() !== null;
