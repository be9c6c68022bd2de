// A host whose own functions have the names of ours and of libraries that we use: what is inside of libnines.so is
// hidden and goes on with its own, and RocksDB and libcurl go on with theirs where the library is opened as
// engine/README.md says. Run with the path of libnines.so and a store to be made.
#include <dlfcn.h>
#include <nines/nines.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

int calls_of_ours = 0;

[[noreturn]] void give_up(const char* what, const char* why) {
  std::fprintf(stderr, "own_names_host: %s: %s\n", what, why);
  std::exit(1);
}

}  // namespace

// Of the room that libnines.so holds: the mangled name of Store::open() as nines/store.h has it, and of a function
// inside of it.
extern "C" void _ZN5nines5Store4openERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEENS_7OptionsE() {
  ++calls_of_ours;
}
extern "C" void _ZN5nines6engine12process_markEv() {
  ++calls_of_ours;
}
// Of libraries that it uses, as another version of them in the host would have them.
extern "C" int curl_global_init(long /*flags*/) {
  ++calls_of_ours;
  return 2;
}
extern "C" void* curl_easy_init() {
  ++calls_of_ours;
  return nullptr;
}
extern "C" void* curl_multi_init() {
  ++calls_of_ours;
  return nullptr;
}
extern "C" void rocksdb_open() __asm__(
    "_ZN7rocksdb2DB4OpenERKNS_9DBOptionsERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"
    "RKSt6vectorINS_22ColumnFamilyDescriptorESaISD_EEPSC_IPNS_18ColumnFamilyHandleESaISJ_EEPPS0_");
extern "C" void rocksdb_open() {
  ++calls_of_ours;
}
extern "C" void _ZN7rocksdb3Env7DefaultEv() {
  ++calls_of_ours;
}

int main(int argc, char** argv) {
  if (argc != 3) give_up("usage", "own_names_host LIBRARY STORE");
  void* const library = ::dlopen(argv[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  if (library == nullptr) give_up("loading", ::dlerror());
  const auto open = reinterpret_cast<decltype(&nines_open)>(::dlsym(library, "nines_open"));
  const auto add_server = reinterpret_cast<decltype(&nines_add_server)>(::dlsym(library, "nines_add_server"));
  const auto append = reinterpret_cast<decltype(&nines_append)>(::dlsym(library, "nines_append"));
  const auto flush = reinterpret_cast<decltype(&nines_flush)>(::dlsym(library, "nines_flush"));
  const auto check = reinterpret_cast<decltype(&nines_check)>(::dlsym(library, "nines_check"));
  const auto close = reinterpret_cast<decltype(&nines_close)>(::dlsym(library, "nines_close"));
  nines_error error;
  nines_store* store = nullptr;
  if (open(argv[2], nullptr, &store, &error) != NINES_OK) give_up("opening", error.message);
  nines_server server = NINES_INIT(nines_server);
  server.name = "site";
  std::uint32_t id = 0;
  if (add_server(store, &server, &id, &error) != NINES_OK) give_up("adding a server", error.message);
  nines_result result = NINES_INIT(nines_result);
  result.server = id;
  result.time_ms = 1'767'268'800'000;
  result.state = NINES_UP;
  if (append(store, &result, NINES_DISK, &error) != NINES_OK) give_up("appending", error.message);
  if (flush(store, &error) != NINES_OK) give_up("flushing", error.message);
  nines_result checked = NINES_INIT(nines_result);
  if (check("http://127.0.0.1:1/", &checked, nullptr, 0, &error) != NINES_OK) give_up("checking", error.message);
  if (checked.cause != NINES_CAUSE_CONNECT_REFUSED) give_up("checking", "libcurl did not say what it says");
  if (close(store, &error) != NINES_OK) give_up("closing", error.message);
  if (calls_of_ours != 0) give_up("names", "a function of the host's was called instead of the library's");
  std::puts("the host's names are its own");
  return 0;
}
