import json
import sys


def serve(calls, status, code=lambda fault: getattr(fault, "code", None)):
    """Answers each JSON line {call, with} of standard input with what the app saw of that call.

    `status` names the attribute of this SDK's exceptions that holds the HTTP status; `code` reads their code.
    """
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_told(calls[asked["call"]], asked["with"], status, code)), flush=True)


def _told(call, args, status, code):
    try:
        return {"ok": True, "value": call(**args)}
    except Exception as fault:
        return {
            "ok": False,
            "error": {
                "class": type(fault).__name__,
                "code": code(fault),
                "status": _whole(getattr(fault, status, None)),
                "message": str(fault),
            },
        }


def _whole(status):
    """resend-python says some statuses as text."""
    return int(status) if isinstance(status, str) and status.isdecimal() else status
