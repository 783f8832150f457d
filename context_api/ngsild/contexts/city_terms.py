"""The terms of the city's @context: the Smart Data Models that the town's devices produce.

A town needs one meaning per name. Where several models define a term (temperature, refDevice, …) the first
group below that lists it gives the IRI; the order is by how much of the town's data comes from it.
"""

SMART_DATA_MODELS = "https://smartdatamodels.org/"

COMMON = """
address alternateName annotations areaServed contactPoint dataProvider dateCreated dateModified dateObserved
name
openingHours owner seeAlso source
"""

ENVIRONMENT = """
AirQualityObserved NoiseLevelObserved FloodMonitoring
airQualityIndex airQualityLevel aqiMajorPollutant
airTemperatureTSA as c6h6 cd charge co co2 coLevel ni no no2 nox o3 pb pm1 pm10 pm25 pm4
precipitation pressure refDevice refPointOfInterest relativeHumidity reliability sh2 so2 temperature tpc tsp
typeofLocation volatileOrganicCompoundsTotal windDirection windSpeed
LAS LAeq LAeq_d LAmax dateObservedFrom dateObservedTo noiseOrigin sonometerClass
alertLevel currentLevel dangerLevel floodLevelStatus measuredDistance
observationDateTime referenceLevel stationID
"""

WEATHER = """
WeatherObserved
airQualityIndexForecast aqiMajorPollutantForecast
atmosphericPressure dewPoint diffuseIrradiation directIrradiation feelsLikeTemperature gustSpeed illuminance
pressureTendency snowHeight solarRadiation streamGauge uVIndexMax visibility weatherType
"""

TRANSPORTATION = """
TrafficFlowObserved
averageGapDistance averageHeadwayTime averageVehicleLength averageVehicleSpeed congested intensity
laneDirection
laneId occupancy refRoadSegment reversedLane vehicleSubType vehicleType
"""

PARKING = """
OffStreetParking
accessModified allowedVehicleType areBordersMarked availableSpotNumber averageSpotLength averageSpotWidth
category chargeType currencyAccepted extCategory extraSpotNumber facilities firstAvailableFloor
fourWheelerSlots highestFloor images layout lowestFloor maximumAllowedDuration maximumAllowedHeight
maximumAllowedWidth maximumParkingDuration measuresPeriod measuresPeriodUnit municipalityInfo
occupancyDetectionType occupancyModified occupiedSpotNumber parkingMode parkingSiteId
permitActiveHours priceCurrency priceRatePerMinute provider refParkingAccess refParkingGroup refParkingSpot
requiredPermit reservationType security specialLocation totalSpotNumber twoWheelerSlots unclassifiedSlots
usageScenario vehicleEntranceCount vehicleExitCount
"""

DEVICE = """
Device
batteryLevel configuration controlledAsset controlledProperty dateFirstUsed dateInstalled
dateLastCalibration dateLastValueReported dateManufactured depth deviceCategory deviceState direction
distance
dstAware firmwareVersion hardwareVersion ipAddress macAddress mcc mnc osVersion refDeviceModel
relativePosition rssi serialNumber softwareVersion supportedProtocol supportedUnits
"""

GROUPS: tuple[tuple[str, str], ...] = (
    (SMART_DATA_MODELS, COMMON),
    (f"{SMART_DATA_MODELS}dataModel.Environment/", ENVIRONMENT),
    (f"{SMART_DATA_MODELS}dataModel.Weather/", WEATHER),
    (f"{SMART_DATA_MODELS}dataModel.Transportation/", TRANSPORTATION),
    (f"{SMART_DATA_MODELS}dataModel.Parking/", PARKING),
    (f"{SMART_DATA_MODELS}dataModel.Device/", DEVICE),
)
"""The namespace of each group and the names in it."""
