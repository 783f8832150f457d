import "@digital-go-jp/design-tokens/dist/tokens-simple.css";
import "./theme.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { takeKeyFromAddress } from "./api/credentials";
import { App } from "./app/App";
import { applyTheme } from "./app/theme";
import { startWords } from "./i18n";

takeKeyFromAddress();
applyTheme();
await startWords();

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
