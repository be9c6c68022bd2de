#include "prober/support/certificates.h"

#include <gtest/gtest.h>

namespace nines::prober_test {
namespace {

// P-256 keys, because they take no time to make.
std::vector<std::string> request(const std::string& subject, const Identity& identity, const std::string& output) {
  return {"openssl", "req",     "-newkey",    "ec",   "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
          subject,   "-keyout", identity.key, "-out", output};
}

void must(const std::vector<std::string>& command) {
  const std::string failure = run_command(command);
  if (!failure.empty()) ADD_FAILURE() << failure;
}

}  // namespace

TestAuthority::TestAuthority() : ca_{directory_.file("ca.pem"), directory_.file("ca.key")} {
  auto command = request("/CN=Test Authority", ca_, ca_.certificate);
  command.insert(command.end(), {"-x509", "-days", "30"});
  must(command);
}

Identity TestAuthority::issue(const std::string& name, const std::string& alternative_names, int days) const {
  const std::string file = name.empty() ? "nameless" : name;
  Identity identity{directory_.file(file + ".pem"), directory_.file(file + ".key")};
  const std::string csr = directory_.file(file + ".csr");
  must(request(name.empty() ? "/" : "/CN=" + name, identity, csr));
  const auto extensions =
      directory_.write(file + ".ext", "subjectAltName=" + alternative_names + "\nbasicConstraints=CA:FALSE\n");
  must({"openssl", "x509", "-req", "-in", csr, "-CA", ca_.certificate, "-CAkey", ca_.key, "-CAcreateserial", "-days",
        std::to_string(days), "-extfile", extensions, "-out", identity.certificate});
  return identity;
}

std::string TestAuthority::cross_signed_by(const TestAuthority& other, int days) const {
  const std::string csr = directory_.file("cross.csr");
  const std::string extensions = directory_.write("cross.ext", "basicConstraints=CA:TRUE\n");
  std::string certificate = directory_.file("cross.pem");
  must({"openssl", "req", "-new", "-key", ca_.key, "-subj", "/CN=Test Authority", "-out", csr});
  must({"openssl", "x509", "-req", "-in", csr, "-CA", other.ca_.certificate, "-CAkey", other.ca_.key, "-CAcreateserial",
        "-days", std::to_string(days), "-extfile", extensions, "-out", certificate});
  return certificate;
}

// The list of what was issued, as `openssl ca` keeps it: one certificate, valid or revoked.
std::string TestAuthority::index_of(const Identity& identity, bool revoked) const {
  std::string index = identity.certificate + (revoked ? ".revoked.index" : ".valid.index");
  const std::string state = revoked ? "R\\t491231235959Z\\t200101000000Z" : "V\\t491231235959Z\\t";
  must({"sh", "-c",
        "printf '" + state + "\\t%s\\tunknown\\t/CN=x\\n' $(openssl x509 -noout -serial -in " + identity.certificate +
            " | cut -d= -f2) > " + index});
  return index;
}

std::string TestAuthority::ocsp_answer(const Identity& identity, bool revoked) const {
  const std::string request = directory_.file("ocsp.req");
  std::string answer = identity.certificate + (revoked ? ".revoked.ocsp" : ".good.ocsp");
  must({"openssl", "ocsp", "-no_nonce", "-issuer", ca_.certificate, "-cert", identity.certificate, "-reqout", request});
  must({"openssl", "ocsp", "-index", index_of(identity, revoked), "-CA", ca_.certificate, "-rsigner", ca_.certificate,
        "-rkey", ca_.key, "-ndays", "1", "-reqin", request, "-respout", answer});
  return answer;
}

std::string TestAuthority::revocation_list(const Identity& identity, bool revoked) const {
  const std::string settings = directory_.write(
      "crl.cnf", "[ca]\ndefault_ca=a\n[a]\ndatabase=" + index_of(identity, revoked) + "\ndefault_md=sha256\n");
  std::string list = identity.certificate + (revoked ? ".revoked.crl" : ".empty.crl");
  must({"openssl", "ca", "-gencrl", "-config", settings, "-keyfile", ca_.key, "-cert", ca_.certificate, "-crldays", "1",
        "-out", list});
  return list;
}

Identity TestAuthority::self_signed() const {
  Identity identity{directory_.file("self.pem"), directory_.file("self.key")};
  auto command = request("/CN=localhost", identity, identity.certificate);
  command.insert(command.end(), {"-x509", "-days", "30", "-addext", "subjectAltName=DNS:localhost"});
  must(command);
  return identity;
}

}  // namespace nines::prober_test
