export { Dialog } from "./Drawer";
