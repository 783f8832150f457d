// @vitest-environment happy-dom
import { render } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { navigate } from "./router";
import { mayLeave, useUnsaved } from "./unsaved";

function Form({ isUnsaved }: { isUnsaved: boolean }) {
  useUnsaved(isUnsaved, "Leave?");
  return null;
}

it("asks before one leaves what is not saved, and not afterwards", () => {
  const ask = vi.fn(() => false);
  const { rerender, unmount } = render(<Form isUnsaved />);
  expect(mayLeave(ask)).toBe(false);
  expect(ask).toHaveBeenCalledWith("Leave?");
  rerender(<Form isUnsaved={false} />);
  expect(mayLeave(ask)).toBe(true);
  rerender(<Form isUnsaved />);
  unmount();
  expect(mayLeave(ask)).toBe(true);
  expect(ask).toHaveBeenCalledTimes(1);
});

it("stays where one was when one says so; goes on with what is saved and within the path", () => {
  history.replaceState(null, "", "/devices/new");
  vi.stubGlobal("confirm", () => false);
  const { unmount } = render(<Form isUnsaved />);
  navigate("/devices");
  expect(location.pathname).toBe("/devices/new");
  navigate("/devices/new?step=2");
  expect(location.search).toBe("?step=2");
  navigate("/devices", { isSaved: true });
  expect(location.pathname).toBe("/devices");
  unmount();
  vi.unstubAllGlobals();
});
