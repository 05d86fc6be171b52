"""Longer examples of answers, for the OpenAPI document."""

from typing import Any

STATUS: dict[str, Any] = {
    "success": True,
    "asOf": "2026-11-24T09:00:05.000000Z",
    "verdict": "attention",
    "attention": [
        {
            "code": "objective-missed",
            "severity": "error",
            "title": "1 wedding (day_of) past the objective of 5 min; the longest for 2 min.",
            "whatToDo": "See that Dagster's daemon runs and why runs fail.",
            "subjects": ["wedding/6f1c7e42-0000-4000-8000-00000000000a"],
            "since": "2026-11-24T08:58:00.000000Z",
        }
    ],
    "tiers": [
        {
            "kind": "wedding",
            "tier": "day_of",
            "scopes": 4,
            "within": 3,
            "late": 1,
            "unprotected": 0,
            "rpoTargetSeconds": 300.0,
            "rpoAchievedSeconds": 425.0,
            "rtoTargetSeconds": 300.0,
            "rtoAchievedSeconds": 0.6,
            "rtoProvenAt": "2026-11-24T03:00:00.000000Z",
        }
    ],
    "backup": None,
    "overview": {
        "totalBackups": 96,
        "successfulBackups": 96,
        "failedBackups": None,
        "lastBackup": "2026-11-24T08:55:00.000000Z",
        "nextScheduledBackup": "2026-11-24T08:58:00.000000Z",
        "storageUsed": 5312400,
        "weddings": 4,
        "criticalWeddings": 4,
        "protectedWeddings": 4,
        "scopes": None,
    },
    "systemStatus": None,
}
