"""Makes a container, signed with the account's key: the program under test makes none."""

import base64
import hashlib
import hmac
import os
import sys
import time
import urllib.error
import urllib.request
from email.utils import formatdate
from urllib.parse import urlparse

endpoint = os.environ["AZURE_STORAGE_ENDPOINT"]
key = base64.b64decode(os.environ["AZURE_STORAGE_ACCOUNT_KEY"])
container = sys.argv[1]
account = urlparse(endpoint).path.strip("/")


def make():
    date, version = formatdate(usegmt=True), "2021-08-06"
    headers = f"x-ms-date:{date}\nx-ms-version:{version}\n"
    resource = f"/{account}/{account}/{container}\nrestype:container"
    text = "PUT\n" + "\n" * 11 + headers + resource
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    request = urllib.request.Request(f"{endpoint}/{container}?restype=container", method="PUT", data=b"")
    request.add_header("x-ms-date", date)
    request.add_header("x-ms-version", version)
    request.add_header("Content-Length", "0")
    request.add_header("Content-Type", "")
    request.add_header("Authorization", f"SharedKey {account}:{signature}")
    urllib.request.urlopen(request, timeout=10)


for attempt in range(100):
    try:
        make()
        break
    except urllib.error.HTTPError as error:
        sys.exit(f"{error}: {error.read().decode(errors='replace')}")
    except (urllib.error.URLError, ConnectionError) as error:
        if attempt == 99:
            sys.exit(f"nothing answers at {endpoint}: {error}")
        time.sleep(0.1)
