/**
 * What attributes and kinds of entities are called, and what theme they belong to. Names are those of the Smart Data
 * Models; what is not here is shown by its own name, taken apart (`soilMoisture` is "soil moisture").
 */

import { isJapanese, type Pair, pick } from "./language";

export type Theme = "environment" | "traffic" | "people" | "water" | "energy" | "other";
export const THEMES: readonly Theme[] = ["environment", "traffic", "people", "water", "energy", "other"];

interface Kind {
  readonly name: Pair;
  readonly theme: Theme;
  /** What stands for it: the first of these that an entity has. */
  readonly main: readonly string[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  AirQualityObserved: { name: ["大気質", "Air quality"], theme: "environment", main: ["pm25", "no2", "pm10", "o3"] },
  NoiseLevelObserved: { name: ["騒音", "Noise"], theme: "environment", main: ["LAeq", "LAmax"] },
  WeatherObserved: { name: ["気象", "Weather"], theme: "environment", main: ["wbgt", "temperature", "precipitation"] },
  WeatherForecast: { name: ["天気予報", "Weather forecast"], theme: "environment", main: ["temperature"] },
  IndoorEnvironmentObserved: { name: ["室内環境", "Indoor climate"], theme: "environment", main: ["co2", "temperature"] },
  GreenspaceRecord: { name: ["緑地", "Green space"], theme: "environment", main: ["soilMoisture"] },
  TrafficFlowObserved: { name: ["交通量", "Traffic"], theme: "traffic", main: ["averageVehicleSpeed", "intensity", "occupancy"] },
  OffStreetParking: { name: ["駐車場", "Car park"], theme: "traffic", main: ["availableSpotNumber"] },
  OnStreetParking: { name: ["路上駐車", "Street parking"], theme: "traffic", main: ["availableSpotNumber"] },
  ParkingSpot: { name: ["駐車ます", "Parking space"], theme: "traffic", main: ["status"] },
  BikeHireDockingStation: { name: ["シェアサイクル", "Bike hire"], theme: "traffic", main: ["availableBikeNumber"] },
  Vehicle: { name: ["車両", "Vehicle"], theme: "traffic", main: ["speed"] },
  CrowdFlowObserved: { name: ["人の流れ", "People"], theme: "people", main: ["peopleCount", "occupancy"] },
  PeopleCount: { name: ["人数", "People"], theme: "people", main: ["peopleCount"] },
  ItemFlowObserved: { name: ["人の流れ", "Flow"], theme: "people", main: ["intensity"] },
  FloodMonitoring: { name: ["河川の水位", "River level"], theme: "water", main: ["currentLevel", "measuredDistance"] },
  WaterLevelObserved: { name: ["水位", "Water level"], theme: "water", main: ["waterLevel", "currentLevel"] },
  WaterQualityObserved: { name: ["水質", "Water quality"], theme: "water", main: ["pH", "temperature"] },
  ACMeasurement: { name: ["電力", "Electricity"], theme: "energy", main: ["activePower", "totalActivePower"] },
  EnergyMonitoring: { name: ["エネルギー", "Energy"], theme: "energy", main: ["activePower"] },
  EVChargingStation: { name: ["充電スタンド", "Charging station"], theme: "energy", main: ["availableCapacity"] },
  Streetlight: { name: ["街路灯", "Street light"], theme: "energy", main: ["powerState", "illuminanceLevel"] },
  WasteContainer: { name: ["ごみ容器", "Waste container"], theme: "other", main: ["fillingLevel"] },
  DeviceMeasurement: { name: ["計測値", "Measurement"], theme: "other", main: ["numValue"] },
  Device: { name: ["装置", "Device"], theme: "other", main: ["batteryLevel"] },
  Alert: { name: ["警報", "Alert"], theme: "other", main: ["severity"] },
};

const THEME_NAMES: Readonly<Record<Theme, Pair>> = {
  environment: ["環境", "Environment"],
  traffic: ["交通", "Traffic"],
  people: ["人の動き", "People"],
  water: ["水", "Water"],
  energy: ["エネルギー", "Energy"],
  other: ["そのほか", "Others"],
};

const ATTRIBUTES: Readonly<Record<string, Pair>> = {
  pm1: ["PM1", "PM1"],
  pm25: ["PM2.5", "PM2.5"],
  pm10: ["PM10", "PM10"],
  no: ["一酸化窒素 (NO)", "NO"],
  no2: ["二酸化窒素 (NO₂)", "NO₂"],
  nox: ["窒素酸化物 (NOx)", "NOx"],
  so2: ["二酸化硫黄 (SO₂)", "SO₂"],
  o3: ["オゾン (O₃)", "O₃"],
  co: ["一酸化炭素 (CO)", "CO"],
  co2: ["二酸化炭素 (CO₂)", "CO₂"],
  tvoc: ["揮発性有機化合物", "Volatile organic compounds"],
  airQualityIndex: ["大気質指数", "Air quality index"],
  wbgt: ["暑さ指数 (WBGT)", "Heat index (WBGT)"],
  temperature: ["気温", "Temperature"],
  probeTemperature: ["外部温度", "Probe temperature"],
  feelsLikeTemperature: ["体感温度", "Feels like"],
  dewPoint: ["露点", "Dew point"],
  relativeHumidity: ["湿度", "Humidity"],
  atmosphericPressure: ["気圧", "Air pressure"],
  windSpeed: ["風速", "Wind speed"],
  windDirection: ["風向", "Wind direction"],
  gustSpeed: ["最大瞬間風速", "Gusts"],
  precipitation: ["降水量", "Rain"],
  snowHeight: ["積雪", "Snow"],
  illuminance: ["照度", "Illuminance"],
  solarRadiation: ["日射量", "Solar radiation"],
  uVIndexMax: ["紫外線指数", "UV index"],
  soilMoisture: ["土壌水分", "Soil moisture"],
  soilTemperature: ["地温", "Soil temperature"],
  LAeq: ["騒音レベル (LAeq)", "Noise (LAeq)"],
  LAmax: ["最大騒音レベル (LAmax)", "Loudest (LAmax)"],
  LAS: ["騒音レベル (LAS)", "Noise (LAS)"],
  intensity: ["交通量", "Vehicles counted"],
  intensitySmallVehicle: ["小型車", "Small vehicles"],
  intensityLargeVehicle: ["大型車", "Large vehicles"],
  intensityMotorcycle: ["二輪車", "Motorcycles"],
  intensityBicycle: ["自転車", "Bicycles"],
  intensityUnidentified: ["車種不明", "Unidentified"],
  averageVehicleSpeed: ["平均速度", "Mean speed"],
  averageVehicleLength: ["平均車長", "Mean length"],
  averageGapDistance: ["平均車間距離", "Mean gap"],
  averageHeadwayTime: ["平均車頭時間", "Mean headway"],
  congested: ["渋滞", "Congested"],
  occupancy: ["占有率", "Occupancy"],
  availableSpotNumber: ["空き台数", "Free spaces"],
  occupiedSpotNumber: ["駐車台数", "Taken spaces"],
  totalSpotNumber: ["収容台数", "All spaces"],
  vehicleEntranceCount: ["入庫", "Entered"],
  vehicleExitCount: ["出庫", "Left"],
  availableBikeNumber: ["貸出できる自転車", "Bikes to hire"],
  freeSlotNumber: ["返却できる台数", "Free docks"],
  peopleCount: ["人数", "People"],
  currentLevel: ["水位", "Water level"],
  waterLevel: ["水位", "Water level"],
  measuredDistance: ["水面までの距離", "Distance to the water"],
  referenceLevel: ["基準の高さ", "Reference level"],
  alertLevel: ["注意水位", "Alert level"],
  dangerLevel: ["危険水位", "Danger level"],
  floodLevelStatus: ["水位の状況", "State of the level"],
  pH: ["pH", "pH"],
  conductivity: ["電気伝導率", "Conductivity"],
  turbidity: ["濁度", "Turbidity"],
  activePower: ["電力", "Power"],
  totalActivePower: ["電力", "Power"],
  totalActiveEnergyImport: ["電力量", "Energy"],
  voltage: ["電圧", "Voltage"],
  current: ["電流", "Current"],
  frequency: ["周波数", "Frequency"],
  powerFactor: ["力率", "Power factor"],
  fillingLevel: ["たまり具合", "Filled"],
  presence: ["人の有無", "Presence"],
  open: ["開閉", "Open"],
  waterLeak: ["水漏れ", "Leak"],
  batteryLevel: ["電池残量", "Battery"],
  batteryVoltage: ["電池電圧", "Battery voltage"],
  rssi: ["電波の強さ", "Signal strength"],
  snr: ["信号対雑音比", "Signal to noise"],
  numValue: ["計測値", "Value"],
  status: ["状態", "State"],
  severity: ["重さ", "Severity"],
  name: ["名前", "Name"],
  stationName: ["観測所名", "Station"],
  description: ["説明", "Description"],
  address: ["住所", "Address"],
  location: ["位置", "Position"],
  dateObserved: ["観測日時", "Observed"],
  refDevice: ["装置", "Device"],
  deviceState: ["装置の状態", "State of the device"],
  source: ["出典", "Source"],
  dataProvider: ["提供者", "Provider"],
  owner: ["所有者", "Owner"],
  sonometerClass: ["騒音計の等級", "Class of the sound meter"],
  laneId: ["車線", "Lane"],
  laneDirection: ["進行方向", "Direction"],
  category: ["区分", "Category"],
};

/** What is about the device or the place itself: after what is measured. */
const ASIDE = new Set([
  "batteryLevel",
  "batteryVoltage",
  "rssi",
  "snr",
  "totalSpotNumber",
  "alertLevel",
  "dangerLevel",
  "referenceLevel",
  "sonometerClass",
  "laneId",
]);

/** The last part of an expanded name: people do not read `https://…/pm25`. */
export function shortName(name: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(name) ? (name.split(/[/#:]/).at(-1) ?? name) : name;
}

function takeApart(name: string): string {
  return shortName(name)
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/_/g, " ");
}

export function attributeName(name: string): string {
  const known = ATTRIBUTES[shortName(name)];
  return known === undefined ? takeApart(name) : pick(known);
}

export function typeName(type: string): string {
  const known = KINDS[shortName(type)];
  return known === undefined ? takeApart(type) : pick(known.name);
}

export const themeName = (theme: Theme): string => pick(THEME_NAMES[theme]);

export function themeOf(types: string | readonly string[]): Theme {
  return firstKind(types)?.theme ?? "other";
}

/** The attributes that stand for an entity of these types, the best first. */
export function mainAttributes(types: string | readonly string[]): readonly string[] {
  return firstKind(types)?.main ?? [];
}

function firstKind(types: string | readonly string[]): Kind | undefined {
  for (const type of typeof types === "string" ? [types] : types) {
    const known = KINDS[shortName(type)];
    if (known !== undefined) return known;
  }
  return undefined;
}

/** The order in which attributes are shown: what stands for the entity, what is measured, what is about the device. */
export function rankOf(attribute: string, types: string | readonly string[]): number {
  const main = mainAttributes(types).indexOf(attribute);
  if (main >= 0) return main;
  return ASIDE.has(attribute) ? 200 : 100;
}

/** What people call an entity without a name: `AirQualityObserved:aq-001` is "aq-001". */
export function plainId(id: string): string {
  return id.replace(/^urn:ngsi-ld:[^:]+:/, "");
}

/** Words that a value may be (`floodLevelStatus`, severities), for people. */
const VALUES: Readonly<Record<string, Pair>> = {
  normal: ["平常", "normal"],
  alert: ["注意", "alert"],
  danger: ["危険", "danger"],
  ok: ["正常", "ok"],
  on: ["入", "on"],
  off: ["切", "off"],
  free: ["空き", "free"],
  occupied: ["使用中", "occupied"],
  closed: ["閉", "closed"],
  open: ["開", "open"],
  informational: ["お知らせ", "informational"],
  low: ["低", "low"],
  medium: ["中", "medium"],
  high: ["高", "high"],
  critical: ["重大", "critical"],
};

export function valueWord(value: string): string {
  const known = VALUES[value];
  return known === undefined ? value : pick(known);
}

export const yesNo = (value: boolean): string => (isJapanese() ? (value ? "はい" : "いいえ") : value ? "yes" : "no");
