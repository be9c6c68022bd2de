"""Good and bad servers on loopback, and what nines and blackbox_exporter are to check of them, in each one's words.

The servers answer from a thread of this process (asyncio), DNS from dnsmasq; all of them stop with it.
"""

import asyncio
import gzip
import logging
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import threading

from peer import Server, free_port

TIMEOUT_MS = 1500


def run(*command):
    """Runs a program that must succeed."""
    subprocess.run([str(word) for word in command], check=True, capture_output=True)


class Authority:
    """A certificate authority of our own, made by the openssl command."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.file = self.directory / "ca.pem"
        self.key = self.directory / "ca.key"
        run("openssl", "req", *self.key_options(self.key), "-subj", "/CN=Authority", "-x509", "-days", 30,
            "-out", self.file)

    @staticmethod
    def key_options(key):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key]

    def context(self, name, names, days=20, signed=True):
        """A server's TLS context with a certificate for `names`, valid for so many days; below 0 it has expired."""
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        if signed:
            request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
            extensions.write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n", encoding="ascii")
            run("openssl", "req", *self.key_options(key), "-subj", f"/CN={name}", "-out", request)
            run("openssl", "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
                "-days", days, "-extfile", extensions, "-out", certificate)
        else:
            run("openssl", "req", *self.key_options(key), "-subj", f"/CN={name}", "-x509", "-days", days,
                "-addext", f"subjectAltName={names}", "-out", certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def answer(status, body=b"", headers=()):
    """An HTTP/1.1 answer that ends its connection."""
    head = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


WELCOME = b"<html><title>Welcome</title>build 1234, status ok</html>"
JSON = b'{"status":"ok","queue":{"length":17},"version":"1.4.2"}'
REDIRECTS = (301, 302, 303, 307, 308)


async def http_answer(path, headers, writer):
    """Writes what `path` asks for; what is said of a connection that goes wrong is said by the path."""
    word, _, rest = path.strip("/").partition("/")
    if word == "status":
        writer.write(answer(int(rest), b"" if rest in ("204", "304") else b"status " + rest.encode()))
    elif word == "json":
        writer.write(answer(200, JSON, ["Content-Type: application/json"]))
    elif word == "redirect":
        count = int(rest)
        writer.write(answer(302, b"", [f"Location: /redirect/{count - 1}"]) if count else answer(200, WELCOME))
    elif word == "moved":
        status, _, place = rest.partition("/")
        writer.write(answer(int(status), b"", [f"Location: /{place}"]))
    elif word == "loop":
        writer.write(answer(302, b"", ["Location: /loop"]))
    elif word == "elsewhere":
        writer.write(answer(302, b"", ["Location: ftp://127.0.0.1/"]))
    elif word == "nowhere":
        writer.write(answer(302, WELCOME))  # a redirect without a place
    elif word == "dead-end":
        writer.write(answer(302, b"", [f"Location: http://127.0.0.1:{free_port()}/"]))
    elif word == "basic":
        good = headers.get("authorization") == "Basic YWxpOm9wZW4gc2VzYW1l"  # ali:open sesame
        writer.write(answer(200, WELCOME) if good else answer(401))
    elif word == "bearer":
        writer.write(answer(200, WELCOME) if headers.get("authorization") == "Bearer t0ken" else answer(403))
    elif word == "header":
        writer.write(answer(200, WELCOME) if headers.get("x-probe") == "yes" else answer(400))
    elif word == "slow":
        await asyncio.sleep(float(rest))
        writer.write(answer(200, WELCOME))
    elif word == "drip":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(100):
            writer.write(b"x")
            await asyncio.sleep(0.1)
    elif word == "cut":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nonly this")
    elif word == "chunked":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nWel\r\n4\r\ncome\r\n0\r\n\r\n")
    elif word == "bad-chunk":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nWel\r\n")
    elif word == "garbage":
        writer.write(b"\x00\x01\x02 this is not HTTP\r\n\r\n")
    elif word == "endless-header":
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for i in range(40_000):
            writer.write(f"X-Filler-{i}: {'x' * 100}\r\n".encode())
        await writer.drain()
    elif word == "members":
        writer.write(answer(200, gzip.compress(WELCOME) + gzip.compress(b"more"), ["Content-Encoding: gzip"]))
    elif word == "packed":
        writer.write(answer(200, gzip.compress(WELCOME), ["Content-Encoding: gzip"]))
    elif word == "tail":
        writer.write(answer(200, gzip.compress(WELCOME) + b"trailing", ["Content-Encoding: gzip"]))
    elif word == "coding":
        writer.write(answer(200, WELCOME, [f"Content-Encoding: {rest}"]))
    elif word == "cookie":
        known = "seen=1" in headers.get("cookie", "")
        writer.write(answer(200, WELCOME) if known else answer(302, b"", ["Set-Cookie: seen=1", "Location: /cookie"]))
    elif word == "blank":
        writer.write(answer(302, b"", [f"Location: http://{headers.get('host')}/a b"]))
    elif word == "foreign":
        writer.write(answer(302, b"", ["Location: /caf\xe9"]))
    elif word == "latin1":
        writer.write(answer(200, "Grüße".encode("latin-1"), ["Content-Type: text/html; charset=iso-8859-1"]))
    elif word == "endless":
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(100):
            writer.write(b"tick\n")
            await writer.drain()
            await asyncio.sleep(0.1)
    elif word == "http10":
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + WELCOME)
    elif word == "empty":
        pass
    elif word == "reset":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nonly")
        await writer.drain()
        reset(writer)
    else:
        writer.write(answer(200, WELCOME, ["Content-Type: text/html", "X-Version: 7"]))


def reset(writer):
    """Makes the close of a connection a reset."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def serve_http(reader, writer):
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        method, path, _ = head[0].split(" ")
        if method == "POST":
            await reader.readexactly(int(headers.get("content-length", 0)))
        await http_answer("/status/405" if method == "POST" and path == "/" else path, headers, writer)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError, ValueError):
        pass  # the other side hung up, as it may
    finally:
        writer.close()


def greet(line):
    """A server that greets with `line` and answers every line with one that says so."""
    async def serve(reader, writer):
        try:
            writer.write(line)
            await writer.drain()
            while heard := await reader.readline():
                writer.write(b"you said " + heard)
        except OSError:
            pass
        finally:
            writer.close()
    return serve


def mail(context):
    """A mail server that greets, answers EHLO, and becomes TLS when it is asked to; `context` None offers no TLS."""
    async def serve(reader, writer):
        try:
            writer.write(b"220 mail.test ESMTP\r\n")
            while heard := await reader.readline():
                word = heard.split()[0].upper() if heard.split() else b""
                if word == b"EHLO":
                    writer.write(b"250-mail.test\r\n250-STARTTLS\r\n250 HELP\r\n" if context else b"250 mail.test\r\n")
                elif word == b"STARTTLS" and context:
                    writer.write(b"220 go ahead\r\n")
                    await writer.drain()
                    await writer.start_tls(context)
                elif word == b"QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                else:
                    writer.write(b"500 what?\r\n")
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
    return serve


async def stay_silent(reader, writer):
    try:
        while await reader.read(1000):
            pass
    except OSError:
        pass
    finally:
        writer.close()


async def hang_up(_reader, writer):
    writer.close()


async def reset_at_once(_reader, writer):
    reset(writer)
    writer.close()


class Servers:
    """All of them; `ports` has their numbers by name."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.authority = Authority(directory)
        self.ports = {"closed": free_port(), "dns_closed": free_port()}
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        threading.Thread(target=self._run, args=[started], daemon=True).start()
        started.wait(20)
        self.ports["dns"] = free_port()
        self.dns = self._start_dns()
        self.silent_dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.silent_dns.bind(("127.0.0.1", 0))
        self.ports["dns_silent"] = self.silent_dns.getsockname()[1]

    def _run(self, started):
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it tells of every connection that was cut
        asyncio.set_event_loop(self.loop)
        localhost = "DNS:localhost,IP:127.0.0.1"
        tls = {"https": self.authority.context("good", localhost),
               "https_expired": self.authority.context("expired", localhost, days=-1),
               "https_self_signed": self.authority.context("self", localhost, signed=False),
               "https_wrong_host": self.authority.context("other", "DNS:other.example"),
               "https_wildcard": self.authority.context("wild", "DNS:*.localhost"),
               "https_old": self.authority.context("old", localhost),
               "https_mutual": self.authority.context("mutual", localhost)}
        tls["https_old"].maximum_version = ssl.TLSVersion.TLSv1_1
        tls["https_old"].minimum_version = ssl.TLSVersion.TLSv1
        tls["https_old"].set_ciphers("ALL:@SECLEVEL=0")
        tls["https_mutual"].load_verify_locations(self.authority.file)
        tls["https_mutual"].verify_mode = ssl.CERT_REQUIRED
        plain = {"http": serve_http, "silent": stay_silent, "hang_up": hang_up, "reset": reset_at_once,
                 "ssh": greet(b"SSH-2.0-OpenSSH_9.2\r\n"), "smtp": greet(b"220 mail.example ESMTP\r\n"),
                 "smtp_busy": greet(b"421 too busy\r\n"), "banner": greet(b"\xff\xfe\x00garbage\r\n")}

        async def start():
            for name, handler in plain.items():
                await self._listen(name, handler, None)
            for name, context in tls.items():
                await self._listen(name, serve_http, context)
            for name, context in (("starttls", tls["https"]), ("starttls_expired", tls["https_expired"]),
                                  ("no_starttls", None)):
                await self._listen(name, mail(context), None)
            for name, kind in (("tls_mail", "https"), ("tls_mail_other", "https_wrong_host")):
                await self._listen(name, mail(None), tls[kind])
            started.set()
        self.loop.set_exception_handler(lambda *_: None)  # handshakes that fail are what is wanted
        self.loop.run_until_complete(start())
        self.loop.run_forever()

    async def _listen(self, name, handler, context):
        server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=context, backlog=1000)
        self.ports[name] = server.sockets[0].getsockname()[1]

    def _start_dns(self):
        program = shutil.which("dnsmasq") or "/usr/sbin/dnsmasq"
        server = Server([program, "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null",
                         f"--port={self.ports['dns']}", "--listen-address=127.0.0.1", "--bind-interfaces",
                         "--host-record=good.test,192.0.2.1", "--host-record=six.test,2001:db8::1",
                         "--txt-record=good.test,hello", "--mx-host=good.test,mail.good.test,10",
                         "--cname=alias.test,good.test", "--caa-record=good.test,0,issue,ca.test",
                         "--srv-host=_sip._tcp.good.test,sip.good.test,5060,1,2", "--host-record=xn--mnchen-3ya.test,192.0.2.3",
                         "--host-record=two.test,192.0.2.8", "--host-record=two.test,192.0.2.9", "--local=/test/"], self.directory / "dnsmasq.log")
        server.wait_until(lambda: self._dns_answers())
        return server

    def _dns_answers(self):
        question = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04good\x04test\x00\x00\x01\x00\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            try:
                sock.sendto(question, ("127.0.0.1", self.ports["dns"]))
                return bool(sock.recv(512))
            except OSError:
                return False

    def stop(self):
        self.dns.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)


class Target:
    """One line of the list: what is right, and how each of the two is asked."""

    def __init__(self, name, good, check, prober, options, address, why=""):
        self.name = name
        self.why = why  # where the two differ: who is right, and why
        self.good = good
        self.nines = {"timeout": f"{TIMEOUT_MS}ms", **check}
        self.module = {"prober": prober, "timeout": f"{TIMEOUT_MS}ms", prober: options}
        self.address = address


def http_targets(ports, ca):
    """http and https. `expect` is nines', `**options` the exporter's."""
    found = []

    def add(name, good, path="/", server="http", check=None, expect=None, host="127.0.0.1", **options):
        scheme = "https" if server.startswith("https") else "http"
        url = f"{scheme}://{host}:{ports[server]}{path}"
        trust = options.pop("tls_config", {"ca_file": str(ca)})
        why = options.pop("why", "")
        common = {"preferred_ip_protocol": "ip4", "tls_config": trust}
        spec = {"url": url, **({"ca-file": str(ca)} if scheme == "https" and "ca_file" in trust else {})}
        found.append(Target(name, good, {**spec, **(check or {}), **({"expect": expect} if expect else {})}, "http",
                            {**common, **options}, url, why))

    for status in (200, 201, 204, 206):
        add(f"status {status}", True, f"/status/{status}")
    for status in (304, 400, 401, 403, 404, 418, 429, 500, 502, 503, 504):
        add(f"status {status}", False, f"/status/{status}")
    add("404 that is expected", True, "/status/404", expect={"status": [404]}, valid_status_codes=[404])
    add("200 that is not expected", False, "/status/200", expect={"status": [404]}, valid_status_codes=[404])
    add("head", True, check={"method": "HEAD"}, method="HEAD")
    add("post that is refused", False, check={"method": "POST", "body": "x"}, method="POST", body="x")
    add("post that is taken", True, "/page", check={"method": "POST", "body": "x"}, method="POST", body="x")
    add("one redirect", True, "/redirect/1")
    add("nine redirects", True, "/redirect/9")
    add("ten redirects", True, "/redirect/10")
    add("redirects without end", False, "/loop")
    for status in REDIRECTS:
        add(f"{status} to a page", True, f"/moved/{status}/page")
    add("redirect to an error", False, "/moved/302/status/500")
    add("redirect to another protocol", False, "/elsewhere")
    add("redirect without a place", False, "/nowhere")
    add("redirect to a closed port", False, "/dead-end")
    add("redirect that is not followed", False, "/redirect/1", check={"follow-redirects": False},
        follow_redirects=False)
    add("redirect that is expected", True, "/redirect/1", check={"follow-redirects": False},
        expect={"status": [302]}, follow_redirects=False, valid_status_codes=[302])
    add("body contains", True, expect={"body-contains": "Welcome"}, fail_if_body_not_matches_regexp=["Welcome"])
    add("body does not contain", False, expect={"body-contains": "Goodbye"},
        fail_if_body_not_matches_regexp=["Goodbye"])
    add("body matches", True, expect={"body-matches": r"build \d{4}"},
        fail_if_body_not_matches_regexp=[r"build \d{4}"])
    add("body does not match", False, expect={"body-matches": r"build \d{5}"},
        fail_if_body_not_matches_regexp=[r"build \d{5}"])
    add("body has what it must not", False, expect={"body-not-contains": "status"},
        fail_if_body_matches_regexp=["status"])
    add("json value", True, "/json", expect={"json": "status == ok"},
        fail_if_body_not_matches_regexp=['"status": ?"ok"'])
    add("json value is another", False, "/json", expect={"json": "status == broken"},
        fail_if_body_not_matches_regexp=['"status": ?"broken"'])
    add("header matches", True, expect={"headers": "X-Version matches ^[0-9]+$"},
        fail_if_header_not_matches=[{"header": "X-Version", "regexp": "^[0-9]+$"}])
    add("header is missing", False, expect={"headers": "X-Missing matches .*"},
        fail_if_header_not_matches=[{"header": "X-Missing", "regexp": ".*"}])
    add("header must not be", False, expect={"headers": "X-Version absent"},
        fail_if_header_matches=[{"header": "X-Version", "regexp": ".*"}])
    login = {"username": "ali", "password": "open sesame"}
    add("basic login", True, "/basic", check=login, basic_auth=login)
    add("basic login without one", False, "/basic")
    add("wrong password", False, "/basic", check={**login, "password": "x"}, basic_auth={**login, "password": "x"})
    add("bearer token", True, "/bearer", check={"bearer-token": "t0ken"}, bearer_token="t0ken")
    add("wrong bearer token", False, "/bearer", check={"bearer-token": "x"}, bearer_token="x")
    add("header sent", True, "/header", check={"headers": {"X-Probe": "yes"}}, headers={"X-Probe": "yes"})
    add("cookie that is set on the way", True, "/cookie")
    add("Location with a blank", True, "/blank")
    add("Location with a byte of Latin-1", True, "/foreign")
    add("gzip that nobody asked for", True, "/packed")
    add("gzip of two members", True, "/members")
    add("gzip with bytes behind its end", True, "/tail")
    add("coding that nobody knows", True, "/coding/aws-chunked")
    add("gzip, looked into", True, "/packed", check={"compressed": True}, expect={"body-contains": "Welcome"},
        compression="gzip", fail_if_body_not_matches_regexp=["Welcome"])
    add("gzip of two members, looked into", True, "/members", check={"compressed": True},
        expect={"body-contains": "more"}, compression="gzip", fail_if_body_not_matches_regexp=["more"])
    add("gzip with bytes behind its end, looked into", True, "/tail", check={"compressed": True},
        expect={"body-contains": "Welcome"}, compression="gzip", fail_if_body_not_matches_regexp=["Welcome"],
        why="nines: the whole of the body unpacks, and browsers and curl show it; what stands behind it is nobody's")
    add("text in Latin-1", True, "/latin1", expect={"body-contains": "Grüße"},
        fail_if_body_not_matches_regexp=["Grüße"],
        why="nines: the answer names its charset, in which the word is there; the exporter compares bytes")
    add("body without an end, headers are enough", True, "/endless", check={"read-body": False},
        why="nines: it can be told that the headers are enough, the exporter reads until its timeout")
    add("method in small letters", True, check={"method": "get"}, method="get")
    add("own Host across a redirect", True, "/redirect/1", check={"headers": {"Host": "site.test"}},
        headers={"Host": "site.test"})
    add("slow but in time", True, "/slow/0.3")
    add("too slow", False, "/slow/4")
    add("body that drips", False, "/drip")
    add("body that is cut short", False, "/cut")
    add("reset in the body", False, "/reset")
    add("chunked", True, "/chunked")
    add("chunk of no length", False, "/bad-chunk")
    add("not http", False, "/garbage")
    add("headers without end", False, "/endless-header")
    add("http 1.0", True, "/http10")
    add("no answer", False, "/empty")
    add("closed port", False, server="closed")
    add("silent server", False, server="silent")
    add("hangs up", False, server="hang_up")
    add("resets", False, server="reset")
    add("ssh on the port of http", False, server="ssh")
    add("by name", True, host="localhost")
    add("name that does not exist", False, host="no-such-host.invalid")
    add("https", True, server="https")
    add("https by name", True, server="https", host="localhost")
    add("unknown authority", False, server="https", tls_config={})
    add("expired certificate", False, server="https_expired")
    add("self-signed certificate", False, server="https_self_signed")
    add("certificate of another host", False, server="https_wrong_host")
    add("wildcard that does not cover", False, server="https_wildcard", host="localhost")
    for kind in ("expired", "self_signed", "wrong_host"):
        add(f"{kind.replace('_', ' ')}, not verified", True, server=f"https_{kind}", check={"verify-tls": False},
            tls_config={"insecure_skip_verify": True})
    add("tls 1.1", False, server="https_old")
    add("client certificate that is not there", False, server="https_mutual")
    add("client certificate", True, server="https_mutual",
        check={"client-certificate": str(ca.parent / "good.pem"), "client-key": str(ca.parent / "good.key")},
        tls_config={"ca_file": str(ca), "cert_file": str(ca.parent / "good.pem"),
                    "key_file": str(ca.parent / "good.key")})
    found.append(Target("https on a port of http", False, {"url": f"https://127.0.0.1:{ports['http']}/"}, "http",
                        {"preferred_ip_protocol": "ip4"}, f"https://127.0.0.1:{ports['http']}/"))
    found.append(Target("http on a port of https", False, {"url": f"http://127.0.0.1:{ports['https']}/"}, "http",
                        {"preferred_ip_protocol": "ip4"}, f"http://127.0.0.1:{ports['https']}/"))
    return found


def other_targets(ports, ca):
    """tcp, tls, dns and icmp."""
    found = []
    ip4 = {"preferred_ip_protocol": "ip4"}

    def tcp(name, good, server, check=None, query=None, **options):
        address = f"127.0.0.1:{ports[server]}"
        found.append(Target(name, good, {"url": f"tcp://{address}", **(check or {})}, "tcp",
                            {**ip4, **({"query_response": query} if query else {}), **options}, address))

    def tls(name, good, server, host="localhost"):
        address = f"{host}:{ports[server]}"
        found.append(Target(name, good, {"url": f"tls://{address}", "ca-file": str(ca)}, "tcp",
                            {**ip4, "tls": True, "tls_config": {"ca_file": str(ca)}}, address))

    def dns(name, good, query, kind="A", server="dns", expect=None, **options):
        address = f"127.0.0.1:{ports[server]}"
        why = options.pop("why", "")
        found.append(Target(name, good, {"url": f"dns://{address}/{query}", "dns-type": kind,
                                         **({"expect": expect} if expect else {})}, "dns",
                            {**ip4, "transport_protocol": "udp", "query_name": query, "query_type": kind, **options},
                            address, why))

    tcp("tcp", True, "ssh")
    tcp("tcp closed", False, "closed")
    tcp("tcp banner", True, "ssh", {"expect": {"body-matches": "^SSH-2.0"}}, [{"expect": "^SSH-2.0"}])
    tcp("tcp another banner", False, "ssh", {"expect": {"body-matches": "^220"}}, [{"expect": "^220"}])
    tcp("tcp banner that never comes", False, "silent", {"expect": {"body-matches": "^SSH"}}, [{"expect": "^SSH"}])
    tcp("tcp banner, then hangs up", False, "hang_up", {"expect": {"body-matches": "^SSH"}}, [{"expect": "^SSH"}])
    tcp("tcp of a silent server", True, "silent")
    tcp("tcp send and expect", True, "ssh", {"send": "hello\n", "expect": {"body-matches": "you said hello"}},
        [{"send": "hello"}, {"expect": "^SSH"}, {"expect": "you said hello"}])
    tcp("smtp greeting", True, "smtp", {"expect": {"body-matches": "^220 "}}, [{"expect": "^220 "}])
    tcp("smtp that is too busy", False, "smtp_busy", {"expect": {"body-matches": "^220 "}}, [{"expect": "^220 "}])
    tcp("binary greeting", False, "banner", {"expect": {"body-matches": "^220 "}}, [{"expect": "^220 "}])
    hello = ["expect ^220 ", "send EHLO prober\r\n"]
    spoken = [{"expect": "^220 "}, {"send": "EHLO prober\r"}]
    upgrade = hello + ["expect STARTTLS", "send STARTTLS\r\n", "expect ^220", "starttls", "send EHLO prober\r\n",
                       "expect ^250 "]
    upgraded = spoken + [{"expect": "STARTTLS"}, {"send": "STARTTLS\r"}, {"expect": "^220"}, {"starttls": True},
                         {"send": "EHLO prober\r"}, {"expect": "^250 "}]
    trust = {"ca-file": str(ca)}
    trusted = {"tls_config": {"ca_file": str(ca), "server_name": "localhost"}}
    tcp("dialog of several steps", True, "no_starttls", {"dialog": hello + ["expect ^250 ", "send QUIT\r\n", "expect ^221"]},
        spoken + [{"expect": "^250 "}, {"send": "QUIT\r"}, {"expect": "^221"}])
    tcp("dialog that hears something else", False, "no_starttls", {"dialog": hello + ["expect ^354"]},
        spoken + [{"expect": "^354"}])
    tcp("dialog over STARTTLS", True, "starttls", {**trust, "dialog": upgrade}, upgraded, **trusted)
    tcp("dialog over STARTTLS, expired", False, "starttls_expired", {**trust, "dialog": upgrade}, upgraded, **trusted)
    tcp("dialog over STARTTLS that is not offered", False, "no_starttls", {**trust, "dialog": upgrade}, upgraded, **trusted)

    def tls_dialog(name, good, server):
        address = f"localhost:{ports[server]}"
        found.append(Target(name, good, {"url": f"tls://{address}", **trust, "dialog": hello + ["expect ^250 "]}, "tcp",
                            {**ip4, "tls": True, "tls_config": {"ca_file": str(ca)},
                             "query_response": spoken + [{"expect": "^250 "}]}, address))

    tls_dialog("dialog over TLS", True, "tls_mail")
    tls_dialog("dialog over TLS of another host", False, "tls_mail_other")
    tls("tls", True, "https")
    tls("tls expired", False, "https_expired")
    tls("tls self-signed", False, "https_self_signed")
    tls("tls of another host", False, "https_wrong_host")
    tls("tls to a server without it", False, "ssh")
    tls("tls to a silent server", False, "silent")
    dns("dns", True, "good.test")
    dns("dns of six", True, "six.test", "AAAA")
    dns("dns mail", True, "good.test", "MX")
    dns("dns text", True, "good.test", "TXT")
    dns("dns name that does not exist", False, "missing.test")
    dns("dns name that is to be missing", True, "missing.test", expect={"dns-rcode": "NXDOMAIN"},
        valid_rcodes=["NXDOMAIN"])
    dns("dns name that should be missing", False, "good.test", expect={"dns-rcode": "NXDOMAIN"},
        valid_rcodes=["NXDOMAIN"])
    dns("dns answer", True, "good.test", expect={"dns-answers": "192.0.2.1"},
        validate_answer_rrs={"fail_if_not_matches_regexp": [r".*192\.0\.2\.1$"]})
    dns("dns another answer", False, "good.test", expect={"dns-answers": "192.0.2.9"},
        validate_answer_rrs={"fail_if_not_matches_regexp": [r".*192\.0\.2\.9$"]})
    dns("dns mail, with a final dot", True, "good.test", "MX", expect={"dns-answers": "10 MAIL.good.test."},
        validate_answer_rrs={"fail_if_not_matches_regexp": [r".*10 mail\.good\.test\.$"]})
    dns("dns address of six, written out", True, "six.test", "AAAA", expect={"dns-answers": "2001:0db8:0:0:0:0:0:1"},
        validate_answer_rrs={"fail_if_not_matches_regexp": [r".*2001:db8::1$"]})
    dns("dns service", True, "_sip._tcp.good.test", "SRV", expect={"dns-answers": "1 2 5060 sip.good.test"},
        validate_answer_rrs={"fail_if_not_matches_regexp": [r".*1 2 5060 sip\.good\.test\.$"]})
    dns("dns only these", False, "two.test", expect={"dns-answers": "192.0.2.8", "dns-only": True},
        validate_answer_rrs={"fail_if_not_matches_regexp": [r".*192\.0\.2\.8$"]})
    dns("dns in a network", True, "two.test", expect={"dns-networks": "192.0.2.8/31"},
        validate_answer_rrs={"fail_if_not_matches_regexp": [r".*192\.0\.2\.[89]$"]})
    dns("dns text of another case", False, "good.test", "TXT", expect={"dns-answers": "HELLO"},
        validate_answer_rrs={"fail_if_not_matches_regexp": [r'.*"HELLO"$']})
    dns("dns name outside of ASCII", True, "münchen.test", expect={"dns-answers": "192.0.2.3"},
        why="nines: it asks for xn--mnchen-3ya.test, which is what the DNS has; the exporter asks for the raw bytes")
    dns("dns that refuses", False, "example.org")
    dns("dns that is silent", False, "good.test", server="dns_silent")
    dns("dns that is not there", False, "good.test", server="dns_closed")
    found.append(Target("icmp", True, {"url": "icmp://127.0.0.1"}, "icmp", ip4, "127.0.0.1"))
    return found
