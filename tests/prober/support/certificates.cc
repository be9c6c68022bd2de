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
  Identity identity{directory_.file(name + ".pem"), directory_.file(name + ".key")};
  const std::string csr = directory_.file(name + ".csr");
  must(request("/CN=" + name, identity, csr));
  const auto extensions =
      directory_.write(name + ".ext", "subjectAltName=" + alternative_names + "\nbasicConstraints=CA:FALSE\n");
  must({"openssl", "x509", "-req", "-in", csr, "-CA", ca_.certificate, "-CAkey", ca_.key, "-CAcreateserial", "-days",
        std::to_string(days), "-extfile", extensions, "-out", identity.certificate});
  return identity;
}

Identity TestAuthority::self_signed() const {
  Identity identity{directory_.file("self.pem"), directory_.file("self.key")};
  auto command = request("/CN=localhost", identity, identity.certificate);
  command.insert(command.end(), {"-x509", "-days", "30", "-addext", "subjectAltName=DNS:localhost"});
  must(command);
  return identity;
}

}  // namespace nines::prober_test
