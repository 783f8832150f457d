"""What can go wrong with an import as a whole; what is wrong with a row is a `Fault`.

DeviceError
├── UnreadableFile     the file is no table of devices; `code` names the text in `texts.toml`
├── ImportUnknown      no such import in this tenant
├── ImportConflict     the import is not in a state for that: nothing to fetch, or not to be cancelled
└── TooManyImports     too many imports of the tenant are under way
"""

from devices.bulk.texts import Language, say
from devices.errors import DeviceError


class UnreadableFile(DeviceError):
    """The file cannot be read as a table of devices."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values = {name: str(value) for name, value in values.items()}
        super().__init__(self.describe(Language.EN))

    def describe(self, language: Language) -> str:
        """Say what is wrong and how to mend it."""
        text = say(self.code, self.values, language)
        return f"{text.what} {text.mend}"


class ImportUnknown(DeviceError):
    """No such import."""


class ImportConflict(DeviceError):
    """The import is not in a state for that."""


class TooManyImports(DeviceError):
    """Try again when one of them is done."""
