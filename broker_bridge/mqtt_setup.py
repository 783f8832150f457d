"""How the bridge introduces itself to a broker, in paho's terms. Opens no socket."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from adapters.types import NO_PROPERTIES
from broker_bridge.bulk_client import BulkClient
from broker_bridge.settings import BridgeSettings

CONNECT_TIMEOUT_S = 10.0
PORTS = {"mqtt": 1883, "mqtts": 8883}

# Names of MQTT 5 reason codes; paho translates those of 3.1.1 to them.
BAD_CREDENTIALS = {"Bad user name or password", "Not authorized", "Banned", "Bad authentication method"}
OTHER_VERSION = {"Unsupported protocol version"}


def address(settings: BridgeSettings) -> tuple[str, int]:
    """Host and port of the broker."""
    url = urlsplit(settings.mqtt_url)
    return url.hostname or "127.0.0.1", url.port or PORTS[url.scheme]


def new_client(settings: BridgeSettings, version: MQTTProtocolVersion) -> BulkClient:
    """A client with our identity, that acknowledges only when told and reconnects only when told."""
    client = BulkClient(
        CallbackAPIVersion.VERSION2,
        client_id=settings.client_id,
        clean_session=None if version == MQTTProtocolVersion.MQTTv5 else False,
        protocol=version,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.username_pw_set(settings.mqtt_username, settings.mqtt_password)
    if urlsplit(settings.mqtt_url).scheme == "mqtts":
        client.tls_set(ca_certs=settings.mqtt_ca_file)
    client.connect_timeout = CONNECT_TIMEOUT_S
    return client


def connect_properties(settings: BridgeSettings) -> Properties:
    """What MQTT 5 lets us ask for: a session that outlives the connection, and no more than we can hold."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = settings.session_expiry_s
    properties.ReceiveMaximum = settings.in_flight
    return properties


def subscriptions(
    settings: BridgeSettings, version: MQTTProtocolVersion
) -> list[tuple[str, int]] | list[tuple[str, SubscribeOptions]]:
    """All subscriptions, at QoS 1."""
    if version != MQTTProtocolVersion.MQTTv5:
        return [(topic, 1) for topic in settings.subscriptions]
    # Retained messages only where the subscription is new, not with every reconnect.
    options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
    return [(topic, options) for topic in settings.subscriptions]


def is_sharing(settings: BridgeSettings) -> bool:
    """Whether the broker is to deal messages out among several sessions."""
    return any(topic.startswith("$share/") for topic in settings.subscriptions)


def can_share(version: MQTTProtocolVersion, properties: Properties | None) -> bool:
    """Whether the broker that sent this CONNACK has shared subscriptions."""
    return (
        version == MQTTProtocolVersion.MQTTv5 and getattr(properties, "SharedSubscriptionAvailable", 1) != 0
    )


def user_properties(properties: Properties | None) -> Mapping[str, str]:
    """The user properties of a PUBLISH; of a name given twice the last."""
    pairs = getattr(properties, "UserProperty", None) if properties is not None else None
    return dict(pairs) if pairs else NO_PROPERTIES
