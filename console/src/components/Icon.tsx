/** Icons drawn for Machi: 24 by 24, one colour, always beside a text or hidden from screen readers. */

const PATHS = {
  map: "M9 4 3 6.5v13L9 17l6 3 6-2.5v-13L15 7 9 4zM9 4v13M15 7v13",
  history: "M3 20h18M4 16l5-6 4 4 7-9",
  device: "M7 9h10v11H7zM12 9V5M9 3.5a4.2 4.2 0 0 1 6 0M10 13h4",
  subscribe: "M6 17V11a6 6 0 1 1 12 0v6l2 2H4zM10 21h4",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
  public: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  air: "M3 9h11a3 3 0 1 0-3-3M3 13h15a3 3 0 1 1-3 3M3 17h7a2 2 0 1 1-2 2",
  traffic: "M5 16v-4l2-5h10l2 5v4zM5 12h14M7 16v2M17 16v2M8 14h.01M16 14h.01",
  people: "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 20c0-4 2.5-6 6-6s6 2 6 6M16 5.5a3 3 0 0 1 0 5.5M17.5 14.5c2 .8 3.5 2.5 3.5 5.5",
  water: "M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11z",
  energy: "M13 3 5 14h6l-1 7 8-11h-6z",
  other: "M12 4l8 4.500v7L12 20l-8-4.500v-7zM12 12l8-3.500M12 12v8M12 12L4 8.5",
  close: "M6 6l12 12M18 6 6 18",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  download: "M12 4v11M7 11l5 5 5-5M4 20h16",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.500M17.5 17.5 19 19M19 5l-1.5 1.500M6.5 17.5 5 19",
  moon: "M20 14.500A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.500z",
  system: "M3 5h18v11H3zM9 20h6M12 16v4",
  menu: "M4 7h16M4 12h16M4 17h16",
  check: "M5 12.5 10 17 19 7",
  warning: "M12 4 2.5 20h19zM12 10v4M12 17h.01",
  stop: "M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16h.01",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8h.01",
  chevron: "M9 6l6 6-6 6",
  table: "M4 5h16v14H4zM4 10h16M4 14.500h16M10 5v14",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  offline: "M3 3l18 18M8 15a6 6 0 0 1 6.5-1.300M5 11.500a10 10 0 0 1 4-2.300M13 8.600a10 10 0 0 1 6 2.900M12 19h.01",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  plus: "M12 5v14M5 12h14",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4.5 3-7 8-7s8 2.5 8 7",
  lock: "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
  target: "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM12 2v5M12 17v5M2 12h5M17 12h5",
} as const;

export type IconName = keyof typeof PATHS;

/** So that it grows with the words beside it. `px`: at the usual size of letters. */
const inRem = (px: number) => `${px / 16}rem`;

export function Icon({ name, size = 20, className }: { name: IconName; size?: number; className?: string }) {
  return (
    <svg
      className={className}
      width={inRem(size)}
      height={inRem(size)}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
