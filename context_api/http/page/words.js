// The two languages, and how themes, attributes and units are called in them.

export const TEXTS = {
  ja: {
    title: "まち — 東村山市のいま",
    other: "English",
    skip: "本文へ",
    tagline: "東村山市のいま",
    forget: "鍵を忘れる",
    greetings: ["おやすみの時間です、東村山。", "おはようございます、東村山。", "こんにちは、東村山。", "こんばんは、東村山。"],
    summary: (total, fresh) => `まちの ${total} か所が、いまを伝えています。この10分の便りは ${fresh} か所から。`,
    loading: "まちの様子をたずねています…",
    doorTitle: "鍵を入れてください",
    doorText: "このまちのデータは、鍵を持つ人だけが見られます。鍵はこのタブを閉じると忘れます。",
    doorLabel: "鍵",
    doorOpen: "開ける",
    doorHint: "鍵は、はじめて make run を動かしたときの画面にあります。なくしたときは machi key create で作れます。",
    doorWrong: "この鍵では開きませんでした。もう一度たしかめてください。",
    emptyTitle: "まだ、センサーがいません",
    emptyText: "ひとつ登録して、はじめての値が届くと、ここに最初の点がともります。",
    themes: "分野",
    map: "地図",
    list: "一覧",
    places: "か所",
    mapCaption: "市域と線路は略図です。点を選ぶと、この24時間が見られます。",
    listTitle: (count) => `${count} か所`,
    search: "名前でさがす",
    more: (count) => `あと ${count} か所を見る`,
    none: "あてはまる場所がありません。",
    footer: "まち（Machi）は、まちの今をみんなで使うための都市OSです。",
    docs: "APIの説明",
    updated: (age) => (age < 2 ? "たったいま更新" : `${age}秒前に更新`),
    paused: "休んでいます",
    trouble: (seconds) => `つながりません。${seconds}秒後にもう一度たずねます。表示は最後に届いた値です。`,
    truncated: (shown, all) => `${all} か所のうち ${shown} か所を表示しています。`,
    ages: { now: "たったいま", s: (n) => `${n}秒前`, m: (n) => `${n}分前`, h: (n) => `${n}時間前`, d: (n) => `${n}日前` },
    stale: "しばらく便りがありません",
    all: "すべて",
    choose: "場所をひとつ選んでください。",
    chartOf: (name, range) => `${name}、${range}`,
    ranges: { 1: "この1時間", 6: "この6時間", 24: "この24時間" },
    rangeButtons: { 1: "1時間", 6: "6時間", 24: "24時間" },
    chartEmpty: "この時間の記録は、まだありません。",
    chartError: "記録を読めませんでした。",
    chartLoading: "記録を読んでいます…",
    low: "最低", high: "最高", mean: "平均",
    points: (count) => `${count} 回の測定`,
    partial: "記録が多いため、一部を表示しています。",
    trueFalse: ["いいえ", "はい"],
    attributes: "測っているもの",
    median: "中央値",
    free: "空き",
  },
  en: {
    title: "Machi — Higashimurayama now",
    other: "日本語",
    skip: "Skip to content",
    tagline: "Higashimurayama now",
    forget: "Forget the key",
    greetings: ["Sleep well, Higashimurayama.", "Good morning, Higashimurayama.", "Hello, Higashimurayama.", "Good evening, Higashimurayama."],
    summary: (total, fresh) => `${total} places of the town are telling how things are; ${fresh} of them within the last ten minutes.`,
    loading: "Asking the town how it is…",
    doorTitle: "Please enter your key",
    doorText: "This town shows its data to those who hold a key. It is forgotten when you close this tab.",
    doorLabel: "Key",
    doorOpen: "Open",
    doorHint: "The first key was shown when make run started for the first time. If it is lost, machi key create makes another.",
    doorWrong: "This key does not open the door. Please check it.",
    emptyTitle: "No sensors here yet",
    emptyText: "Register one; when its first value arrives, the first point lights up here.",
    themes: "Themes",
    map: "Map",
    list: "List",
    places: "places",
    mapCaption: "Outline and railways are sketched. Choose a point to see its last 24 hours.",
    listTitle: (count) => (count === 1 ? "1 place" : `${count} places`),
    search: "Find by name",
    more: (count) => `Show ${count} more`,
    none: "No place matches.",
    footer: "Machi is an open city operating system: one shared picture of the town.",
    docs: "API documentation",
    updated: (age) => (age < 2 ? "updated just now" : `updated ${age} s ago`),
    paused: "resting",
    trouble: (seconds) => `No connection. Trying again in ${seconds} s; you see the last values that arrived.`,
    truncated: (shown, all) => `Showing ${shown} of ${all} places.`,
    ages: { now: "just now", s: (n) => `${n} s ago`, m: (n) => `${n} min ago`, h: (n) => `${n} h ago`, d: (n) => (n === 1 ? "1 day ago" : `${n} days ago`) },
    stale: "silent for a while",
    all: "All",
    choose: "Choose a place.",
    chartOf: (name, range) => `${name}, ${range}`,
    ranges: { 1: "last hour", 6: "last 6 hours", 24: "last 24 hours" },
    rangeButtons: { 1: "1 h", 6: "6 h", 24: "24 h" },
    chartEmpty: "Nothing was recorded in this time yet.",
    chartError: "The record could not be read.",
    chartLoading: "Reading the record…",
    low: "lowest", high: "highest", mean: "mean",
    points: (count) => (count === 1 ? "1 measurement" : `${count} measurements`),
    partial: "There is more than can be shown; this is a part.",
    trueFalse: ["no", "yes"],
    attributes: "Measured here",
    median: "median",
    free: "free",
  },
};

// Each theme has its entity types, the attribute of its headline and how the headline is made.
export const THEMES = [
  { id: "air", ja: "空気", en: "Air", types: ["AirQualityObserved"], main: "pm25", headline: "median" },
  { id: "noise", ja: "騒音", en: "Noise", types: ["NoiseLevelObserved"], main: "LAeq", headline: "median" },
  { id: "weather", ja: "気象", en: "Weather", types: ["WeatherObserved"], main: "temperature", headline: "median" },
  { id: "traffic", ja: "交通", en: "Traffic", types: ["TrafficFlowObserved"], main: "averageVehicleSpeed", headline: "median" },
  { id: "parking", ja: "駐車場", en: "Parking", types: ["OffStreetParking", "OnStreetParking"], main: "availableSpotNumber", headline: "sum" },
  { id: "river", ja: "河川", en: "Rivers", types: ["FloodMonitoring"], main: "currentLevel", headline: "max" },
  { id: "else", ja: "そのほか", en: "Others", types: [], main: "", headline: "count" },
];

const ATTRIBUTES = {
  pm1: ["PM1", "PM1"], pm25: ["PM2.5", "PM2.5"], pm10: ["PM10", "PM10"],
  no: ["一酸化窒素 NO", "NO"], no2: ["二酸化窒素 NO₂", "NO₂"], nox: ["窒素酸化物 NOx", "NOx"],
  so2: ["二酸化硫黄 SO₂", "SO₂"], o3: ["オゾン O₃", "O₃"], co: ["一酸化炭素 CO", "CO"], co2: ["二酸化炭素 CO₂", "CO₂"],
  temperature: ["気温", "Temperature"], relativeHumidity: ["湿度", "Humidity"],
  atmosphericPressure: ["気圧", "Pressure"], windSpeed: ["風速", "Wind speed"], windDirection: ["風向", "Wind direction"],
  gustSpeed: ["最大瞬間風速", "Gusts"], precipitation: ["降水量", "Rain"], snowHeight: ["積雪", "Snow"],
  illuminance: ["照度", "Illuminance"], solarRadiation: ["日射", "Solar radiation"],
  LAeq: ["騒音 LAeq", "Noise LAeq"], LAmax: ["最大騒音 LAmax", "Loudest LAmax"], LAS: ["騒音 LAS", "Noise LAS"],
  intensity: ["通った車", "Vehicles"], intensitySmallVehicle: ["小型車", "Small vehicles"],
  intensityLargeVehicle: ["大型車", "Large vehicles"], intensityMotorcycle: ["バイク", "Motorcycles"],
  intensityBicycle: ["自転車", "Bicycles"], intensityUnidentified: ["車種不明", "Unidentified"],
  averageVehicleSpeed: ["平均速度", "Mean speed"], occupancy: ["占有率", "Occupancy"],
  availableSpotNumber: ["空き", "Free spaces"], occupiedSpotNumber: ["駐車中", "Taken spaces"],
  totalSpotNumber: ["全部で", "All spaces"], vehicleEntranceCount: ["入庫", "Entered"], vehicleExitCount: ["出庫", "Left"],
  currentLevel: ["水位", "Water level"], measuredDistance: ["水面まで", "Distance to water"],
  alertLevel: ["注意水位", "Alert level"], dangerLevel: ["危険水位", "Danger level"], floodLevelStatus: ["状況", "Status"],
  batteryLevel: ["電池", "Battery"], batteryVoltage: ["電池電圧", "Battery voltage"], probeTemperature: ["外部温度", "Probe temperature"],
};

// What is about the device or the place itself, and changes nothing for the reader.
export const ASIDE = new Set(["batteryLevel", "batteryVoltage", "totalSpotNumber", "alertLevel", "dangerLevel", "referenceLevel", "sonometerClass"]);

// UN/CEFACT Recommendation 20 -> [unit, decimals, factor]
const UNITS = {
  GQ: ["µg/m³", 1, 1], GP: ["mg/m³", 2, 1], 59: ["ppm", 0, 1], CEL: ["℃", 1, 1], P1: ["%", 0, 1],
  "2N": ["dB", 1, 1], KMH: ["km/h", 1, 1], MTR: ["m", 2, 1], MTS: ["m/s", 1, 1], DD: ["°", 0, 1],
  MMT: ["mm", 1, 1], CMT: ["cm", 0, 1], A97: ["hPa", 1, 1], LUX: ["lx", 0, 1], D54: ["W/m²", 0, 1], VLT: ["V", 2, 1],
};
const FRACTIONS = new Set(["relativeHumidity", "occupancy", "batteryLevel"]);
const COUNTED = {
  intensity: ["台", ""], intensitySmallVehicle: ["台", ""], intensityLargeVehicle: ["台", ""],
  intensityMotorcycle: ["台", ""], intensityBicycle: ["台", ""], intensityUnidentified: ["台", ""],
  availableSpotNumber: ["台", ""], occupiedSpotNumber: ["台", ""], totalSpotNumber: ["台", ""],
  vehicleEntranceCount: ["台", ""], vehicleExitCount: ["台", ""],
};

export function attributeName(name, language) {
  const known = ATTRIBUTES[name];
  return known ? known[language === "ja" ? 0 : 1] : name;
}

// How a number of this attribute and unit is shown: {text, unit}.
export function measure(name, value, unitCode, language) {
  if (typeof value === "boolean") return { text: TEXTS[language].trueFalse[Number(value)], unit: "" };
  if (typeof value !== "number") return { text: shorten(value), unit: "" };
  const { unit, decimals, factor } = scaleOf(name, unitCode, language);
  const text = (value * factor).toLocaleString(language === "ja" ? "ja-JP" : "en-GB", {
    minimumFractionDigits: Number.isInteger(value * factor) && decimals === null ? 0 : decimals ?? 0,
    maximumFractionDigits: decimals ?? 2,
  });
  return { text, unit };
}

export function scaleOf(name, unitCode, language) {
  if (FRACTIONS.has(name) && (unitCode === "C62" || !unitCode)) return { unit: "%", decimals: 0, factor: 100 };
  if (COUNTED[name]) return { unit: COUNTED[name][language === "ja" ? 0 : 1], decimals: 0, factor: 1 };
  const known = UNITS[unitCode];
  if (known) return { unit: known[0], decimals: known[1], factor: known[2] };
  return { unit: unitCode && unitCode !== "C62" ? unitCode : "", decimals: null, factor: 1 };
}

export function ageText(seconds, language) {
  const ages = TEXTS[language].ages;
  if (seconds < 5) return ages.now;
  if (seconds < 60) return ages.s(Math.floor(seconds));
  if (seconds < 3600) return ages.m(Math.floor(seconds / 60));
  if (seconds < 86400) return ages.h(Math.floor(seconds / 3600));
  return ages.d(Math.floor(seconds / 86400));
}

function shorten(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
