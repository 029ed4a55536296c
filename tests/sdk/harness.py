"""Sign-in, clients, and one line for each path that was walked."""

import base64
import json
import os
import traceback

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential

ENDPOINT = os.environ["ENDPOINT"]
TENANT = "11111111-1111-1111-1111-111111111111"
SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
CLIENT = "33333333-3333-3333-3333-333333333333"
GROUP = "python"
PLACE = "westcentralus"
ROOT = f"/subscriptions/{SUBSCRIPTION}"
SCOPE = f"{ROOT}/resourceGroups/{GROUP}"

credential = ClientSecretCredential(
    TENANT, CLIENT, "mock-secret", authority=ENDPOINT, disable_instance_discovery=True
)

passed, failed = [], []


def client(kind):
    """A client of the subscription that polls as often as it is allowed to."""
    return kind(
        credential,
        SUBSCRIPTION,
        base_url=ENDPOINT,
        credential_scopes=["https://management.azure.com/.default"],
        polling_interval=0.05,
    )


def principal():
    """The object id of who is signed in, out of the token."""
    claims = credential.get_token("https://management.azure.com/.default").token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["oid"]


def finished(got):
    """A poller's result, a pager's items to the last page, or what there is already."""
    if hasattr(got, "result"):
        return got.result()
    return list(got) if hasattr(got, "by_page") else got


def path(name, walk, check=lambda it: True):
    """Walks a path of a client: the answer must be as expected."""
    try:
        got = finished(walk())
        if not check(got):
            raise AssertionError(f"not as expected: {str(got)[:300]}")
    except Exception as error:  # every failure is a line of the table
        at = traceback.extract_tb(error.__traceback__)[-1]
        failed.append(name)
        print(f"  FAILED  {name}\n            {type(error).__name__}: {str(error)[:300]} ({at.name})")
        return None
    passed.append(name)
    print(f"  ok      {name}")
    return got


def refused(name, walk, status, code=None):
    """A path that must end in an error: this status, and this code where one is named."""

    def attempt():
        try:
            got = finished(walk())
        except HttpResponseError as error:
            return error.status_code, error.error.code if error.error else None
        return None, f"answered: {str(got)[:100]}"

    path(name, attempt, lambda it: it[0] == status and code in (None, it[1]))


def gone(name, read):
    """What was deleted must not be there any more."""
    refused(f"{name}, gone", read, 404)


def named(name):
    return lambda it: it.name == name


def tagged(**tags):
    return lambda it: dict(it.tags) == tags


def holds(*names):
    """All of these are in the list, and none of them twice."""
    return lambda all: all is not None and sorted(one.name for one in all if one.name in names) == sorted(names)


def lacks(name):
    return lambda all: name not in [one.name for one in all]


def done(it):
    state = it.provisioning_state if hasattr(it, "provisioning_state") else it.properties.provisioning_state
    return state == "Succeeded"


def summary():
    print(f"\n== {len(passed) + len(failed)} paths: {len(passed)} passed, {len(failed)} failed")
    return 1 if failed else 0
