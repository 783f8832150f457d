import { QueryClientProvider } from "@tanstack/react-query";
import { Suspense } from "react";
import { ErrorBoundary } from "../components/ErrorBoundary";
import { Loading } from "../components/states";
import { AuthProvider } from "./auth";
import { queries } from "./queries";
import { Shell } from "./Shell";

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Suspense fallback={<Loading />}>
        <ErrorBoundary>
          <AuthProvider>
            <Shell />
          </AuthProvider>
        </ErrorBoundary>
      </Suspense>
    </QueryClientProvider>
  );
}
