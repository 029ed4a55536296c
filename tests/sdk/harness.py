"""Sign-in, clients, and one line for each path that was walked."""

import os
import traceback

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential

ENDPOINT = os.environ["ENDPOINT"]
TENANT = "11111111-1111-1111-1111-111111111111"
SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
CLIENT = "33333333-3333-3333-3333-333333333333"

credential = ClientSecretCredential(
    TENANT, CLIENT, "mock-secret", authority=ENDPOINT, disable_instance_discovery=True
)

passed, failed = [], []


def client(kind):
    """A client of the subscription that polls as soon as it is told to."""
    return kind(
        credential,
        SUBSCRIPTION,
        base_url=ENDPOINT,
        credential_scopes=["https://management.azure.com/.default"],
        polling_interval=1,
    )


def path(name, walk, check=lambda it: True):
    """Walks a path of a client; pollers are waited for and pagers read to their end."""
    try:
        got = walk()
        if hasattr(got, "result"):
            got = got.result()
        elif hasattr(got, "by_page"):
            got = list(got)
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
    """A path that must end in an error."""

    def attempt():
        try:
            got = walk()
            if hasattr(got, "result"):
                got.result()
        except HttpResponseError as error:
            known = error.error.code if error.error else None
            return error.status_code, known
        return None, None

    path(name, attempt, lambda it: it[0] == status and code in (None, it[1]))


def summary():
    print(f"\n== {len(passed) + len(failed)} paths: {len(passed)} passed, {len(failed)} failed")
    return 1 if failed else 0
