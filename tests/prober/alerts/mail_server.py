"""A mail server that takes mail after STARTTLS and a login only, and writes each into a folder.

Usage: mail_server.py PORT FOLDER CERTIFICATE KEY. The login is monitor / s3cret; whoever writes to nobody@ is refused, to
later@ for now, and to greylisted@ for the first time.
"""

import itertools
import pathlib
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

PORT, FOLDER, CERTIFICATE, KEY = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]


class Handler:
    numbers = itertools.count(1)
    seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 there is nobody of that name"
        if address.startswith("later@"):
            return "451 try again"
        if address.startswith("greylisted@") and address not in self.seen:
            self.seen.add(address)
            return "451 try again in a moment"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if any(len(line) > 998 for line in envelope.original_content.split(b"\r\n")):
            return "500 a line is too long"
        text = f"X-Envelope: {envelope.mail_from} -> {','.join(envelope.rcpt_tos)}\r\n".encode()
        part = FOLDER / "part"
        part.write_bytes(text + envelope.original_content)
        part.rename(FOLDER / f"mail-{next(self.numbers)}")
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == b"monitor" and data.password == b"s3cret"
    return AuthResult(success=good, handled=good)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
controller = Controller(
    Handler(),
    hostname="127.0.0.1",
    port=PORT,
    tls_context=context,
    require_starttls=True,
    auth_required=True,
    authenticator=authenticate,
)
controller.start()
threading.Event().wait()
