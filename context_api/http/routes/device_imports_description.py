"""How the routes of imports and labels are described: operations, schemas, examples."""

from typing import Any

from context_api.http.operation import Answer, Operation, RequestBody
from context_api.http.parameters import Parameter
from devices.labels.sheets import SHEETS

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
FILE_TYPES = (
    *(CSV, XLSX, "application/octet-stream", "text/plain"),
    *("application/csv", "application/vnd.ms-excel", "text/tab-separated-values"),
)
"""What browsers call such files; what they are is seen from their content."""

_STRING = {"type": "string"}
_TEXT = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": ["string", "null"], "format": "date-time"}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


_FAULT = _object(
    ["row", "severity", "code", "what", "mend"],
    row={"type": "integer", "minimum": 1, "description": "As a spreadsheet counts: the first line is 1"},
    column=_TEXT,
    value=_TEXT,
    severity={"enum": ["error", "warning"]},
    code={"type": "string", "description": "Stays the same in every language"},
    what=_STRING,
    mend=_STRING,
)
_LINE = _object(
    ["row", "action"],
    row={"type": "integer", "minimum": 1},
    id=_TEXT,
    name=_TEXT,
    profile=_TEXT,
    action={"enum": ["create", "update", "unchanged", "refuse"]},
    changes={"type": "array", "items": _STRING, "description": "Members of the device that would change"},
)
IMPORT_SCHEMAS: dict[str, Any] = {
    "DeviceFile": {
        "type": "string",
        "description": "CSV (UTF-8 or Shift_JIS; comma, semicolon or tab) or an Excel workbook (.xlsx)",
    },
    "DeviceTable": {"type": "string", "description": "CSV, UTF-8 with byte order mark"},
    "DeviceWorkbook": {"type": "string", "format": "binary"},
    "DeviceLabels": {"type": "string", "format": "binary", "description": "PDF, A4"},
    "DeviceImport": _object(
        ["id", "state", "counts", "report"],
        id=_COUNT,
        state={
            "enum": ["checked", "refused", "waiting", "registering", "provisioning", "done"],
            "description": "checked: a dry run. refused: the file has errors, nothing is registered."
            " waiting and registering: rows are to come. provisioning: all are registered, the broker is"
            " learning the passwords. done.",
        },
        fileName=_TEXT,
        principal=_STRING,
        partial={"type": "boolean"},
        createdAt=_TIME,
        startedAt=_TIME,
        registeredAt=_TIME,
        finishedAt=_TIME,
        counts=_object(
            ["rows", "waiting", "created", "updated", "unchanged", "failed", "provisioned"],
            rows=_COUNT,
            waiting=_COUNT,
            created=_COUNT,
            updated=_COUNT,
            unchanged=_COUNT,
            failed=_COUNT,
            provisioned={**_COUNT, "description": "Created ones whose password the broker knows"},
        ),
        etaSeconds={"type": ["number", "null"], "minimum": 0},
        credentials=_object(
            ["available"],
            available={"type": "boolean"},
            until=_TIME,
            fetchedAt=_TIME,
            fetchedBy=_TEXT,
        ),
        report=_object(
            ["rows", "faulty", "errors", "warnings", "create", "update", "unchanged", "faults"],
            format=_STRING,
            encoding=_TEXT,
            delimiter=_TEXT,
            rows=_COUNT,
            faulty=_COUNT,
            errors=_COUNT,
            warnings=_COUNT,
            create=_COUNT,
            update=_COUNT,
            unchanged=_COUNT,
            columns={"type": "object"},
            unknownColumns={"type": "array", "items": _STRING},
            faults={"type": "array", "items": _FAULT},
            faultsLeftOut=_COUNT,
            lines={
                "type": "array",
                "description": "The first 1,000 rows, refused ones before others where there are more",
                "items": _LINE,
            },
            linesLeftOut=_COUNT,
        ),
    ),
    "DeviceImportList": _object(
        ["imports"],
        imports={"type": "array", "items": {"$ref": "#/components/schemas/DeviceImport"}},
        next={"type": ["integer", "null"], "description": "The `before` of the next page"},
    ),
}

_FILE = "id,profile,name,latitude,longitude\r\naq-001,air-quality,本町一丁目,35.7598,139.4657\r\n"
_REPORT_CSV = (
    "row,column,value,kind,what is wrong,how to mend it\r\n"
    "2,latitude,139.4657,error,Latitude and longitude seem to be swapped.,"
    '"Write 35.7598 as the latitude and 139.4657 as the longitude."\r\n'
)
_CREDENTIALS_CSV = (
    "id,username,password,topic,url\r\n"
    "aq-001,default/aq-001,shown once,machi/v1/default/aq-001/up,mqtt://127.0.0.1:1883\r\n"
)
IMPORT: dict[str, Any] = {
    "id": 7,
    "state": "registering",
    "fileName": "秋津町.csv",
    "principal": "key:abcdefgh",
    "partial": False,
    "createdAt": "2026-11-23T00:00:00Z",
    "startedAt": "2026-11-23T00:00:01Z",
    "registeredAt": None,
    "finishedAt": None,
    "counts": {
        "rows": 1000,
        "waiting": 600,
        "created": 400,
        "updated": 0,
        "unchanged": 0,
        "failed": 0,
        "provisioned": 300,
    },
    "etaSeconds": 6.0,
    "credentials": {
        "available": False,
        "until": "2026-11-26T00:00:00Z",
        "fetchedAt": None,
        "fetchedBy": None,
    },
    "report": {
        "format": "csv",
        "encoding": "UTF-8",
        "delimiter": "comma",
        "rows": 1000,
        "faulty": 0,
        "errors": 0,
        "warnings": 1,
        "create": 1000,
        "update": 0,
        "unchanged": 0,
        "columns": {"id": "id", "profile": "profile"},
        "unknownColumns": ["memo"],
        "faults": [
            {
                "row": 1,
                "column": "memo",
                "value": None,
                "severity": "warning",
                "code": "column-unknown",
                "what": "This column is not used.",
                "mend": "Leave it if it is meant for people only.",
            }
        ],
        "faultsLeftOut": 0,
        "lines": [
            {
                "row": 2,
                "id": "aq-001",
                "name": "本町一丁目",
                "profile": "air-quality",
                "action": "create",
                "changes": [],
            }
        ],
        "linesLeftOut": 999,
    },
}
_ID = {"import_id": "7"}
LANGUAGE = Parameter(
    description="ja or en; wins over Accept-Language, by which texts and column names are chosen",
    schema={"enum": ["ja", "en"]},
    example="ja",
)
_LANG = {"lang": LANGUAGE}
_IMPORT_ANSWER = Answer(description="The import", schema="DeviceImport", example=IMPORT)
LABEL_PARAMETERS = {
    "sheet": Parameter(
        description="Labels on a sheet, as it is sold", schema={"enum": list(SHEETS)}, example="24"
    ),
    "skip": Parameter(
        description="Labels of the first sheet that are used up",
        schema={"type": "integer", "minimum": 0, "maximum": 43},
        example=0,
    ),
    "town": Parameter(description="The town's name; absent: that of MACHI_ATTRIBUTION", example="東村山市"),
    "link": Parameter(
        description="What codes hold before the id, an http(s) address; absent: `machi:TENANT/ID`",
        example="https://machi.example.jp/devices/",
    ),
    "frames": Parameter(
        description="Draw the edges, to cut plain paper", schema={"type": "boolean"}, example=False
    ),
    "ids": Parameter(description="These devices, in this order; by commas", example="aq-001,aq-002"),
}
_LABELS_ANSWER = Answer(
    description="Sheets of labels", schema="DeviceLabels", example="%PDF-1.5 …", media_types=(PDF,)
)

IMPORT_DEVICES = Operation(
    id="importDevices",
    tag="Devices",
    summary="Register many devices from a CSV or Excel file",
    description="The body is the file. It is judged as a whole: all mistakes are in the report, each with its"
    " row, column, and how to mend it, in Japanese or English (Accept-Language). With an error nothing is"
    " registered (`refused`), unless `partial=true` asks for the rows that are right. What is registered"
    " follows in the background. The same file again changes nothing; an empty cell leaves a value as it is,"
    " `-` empties it.",
    accepts=("dryRun", "partial", "name", "lang"),
    overrides={
        "dryRun": Parameter(description="Only judge the file", schema={"type": "boolean"}, example=True),
        "partial": Parameter(
            description="Register the rows that are right, though others are wrong",
            schema={"type": "boolean"},
            example=False,
        ),
        "name": Parameter(description="The name of the file, for people", example="秋津町.csv"),
        **_LANG,
    },
    body=RequestBody(schema="DeviceFile", example=_FILE, media_types=FILE_TYPES),
    answers={
        200: Answer(description="Judged: a dry run, or refused", schema="DeviceImport", example=IMPORT),
        202: Answer(
            description="Accepted; the devices follow",
            schema="DeviceImport",
            example=IMPORT,
            headers={"Location": "The import's path"},
        ),
    },
    errors=(406,),
)
LIST_IMPORTS = Operation(
    id="listDeviceImports",
    tag="Devices",
    summary="List imports of devices",
    description="The newest first, without their faults; an import is kept for 30 days.",
    accepts=("limit", "before", "lang"),
    overrides={
        "before": Parameter(
            description="Imports before this one", schema={"type": "integer", "minimum": 1}, example=7
        ),
        "limit": Parameter(
            description="Entries per page",
            schema={"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
            example=20,
        ),
        **_LANG,
    },
    answers={
        200: Answer(
            description="A page of imports",
            schema="DeviceImportList",
            example={"imports": [IMPORT], "next": None},
        )
    },
    errors=(403, 404, 406),
)
GET_IMPORT = Operation(
    id="getDeviceImport",
    tag="Devices",
    summary="Get how far an import is",
    path_examples=_ID,
    accepts=("lang",),
    overrides=_LANG,
    answers={200: _IMPORT_ANSWER},
    errors=(404, 406),
)
DELETE_IMPORT = Operation(
    id="deleteDeviceImport",
    tag="Devices",
    summary="End and forget an import",
    description="Rows that are not registered stay out; devices that are registered stay. Passwords that"
    " nobody fetched are gone.",
    path_examples=_ID,
    answers={204: Answer(description="Deleted")},
    errors=(400, 404),
)
GET_REPORT = Operation(
    id="getDeviceImportReport",
    tag="Devices",
    summary="Get the report of an import as CSV",
    path_examples=_ID,
    accepts=("lang",),
    overrides=_LANG,
    answers={
        200: Answer(
            description="A line per fault", schema="DeviceTable", example=_REPORT_CSV, media_types=(CSV,)
        )
    },
    errors=(404, 406),
)
TAKE_CREDENTIALS = Operation(
    id="takeDeviceImportCredentials",
    tag="Devices",
    summary="Fetch the passwords of an import's devices, once",
    description="For devices that the import made and that have a password of their own. They can be fetched"
    " once, for 72 hours after the file was sent; who did is noted. Nobody can get them a second time.",
    path_examples=_ID,
    answers={
        200: Answer(
            description="A line per device",
            schema="DeviceTable",
            example=_CREDENTIALS_CSV,
            media_types=(CSV,),
        )
    },
    errors=(404, 406, 409),
)
GET_IMPORT_LABELS = Operation(
    id="getDeviceImportLabels",
    tag="Devices",
    summary="Get labels for the devices of an import",
    description="A4 sheets as PDF: id, name, town and a code that holds no secret.",
    path_examples=_ID,
    accepts=("sheet", "skip", "town", "link", "frames"),
    overrides=LABEL_PARAMETERS,
    answers={200: _LABELS_ANSWER},
    errors=(403, 404, 406, 409),
)
GET_LABELS = Operation(
    id="getDeviceLabels",
    tag="Devices",
    summary="Get labels for devices",
    description="A4 sheets as PDF: id, name, town and a code that holds no secret. At most 10,000 devices.",
    accepts=("ids", "text", "profile", "sheet", "skip", "town", "link", "frames"),
    overrides=LABEL_PARAMETERS,
    answers={200: _LABELS_ANSWER},
    errors=(403, 404, 406),
)
TEMPLATE_CSV = Operation(
    id="getDeviceTemplateCsv",
    tag="Devices",
    summary="Get a template for imports, CSV",
    description="The column names alone, in Japanese or English (Accept-Language).",
    accepts=("lang",),
    overrides=_LANG,
    answers={
        200: Answer(
            description="A header",
            schema="DeviceTable",
            example="id,profile,name,latitude,longitude\r\n",
            media_types=(CSV,),
        )
    },
    errors=(406,),
)
TEMPLATE_XLSX = Operation(
    id="getDeviceTemplateXlsx",
    tag="Devices",
    summary="Get a template for imports, Excel",
    description="A sheet to fill in, its cells formatted as text, one that explains all columns, and one of"
    " the profiles there are, which the cells of the first offer.",
    accepts=("lang",),
    overrides=_LANG,
    answers={
        200: Answer(description="A workbook", schema="DeviceWorkbook", example="PK…", media_types=(XLSX,))
    },
    errors=(404, 406),
)
