#include "process/client_environment.hpp"

#include "jsonrpc/utf8.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace drawbridge::process {
namespace {

constexpr std::array allowed_names{
    // the system
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    // rootless clients: their storage, and the user's systemd that makes the cgroups
    "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "DBUS_SESSION_BUS_ADDRESS",
    // docker
    "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS", "DOCKER_TLS_VERIFY",
    "DOCKER_API_VERSION",
    // podman
    "CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF",
    "CONTAINER_HOST", "CONTAINER_SSHKEY", "CONTAINER_CONNECTION", "REGISTRY_AUTH_FILE", "STORAGE_DRIVER",
    "STORAGE_OPTS", "NETAVARK_FW"};

constexpr std::array pull_names{"http_proxy", "https_proxy", "all_proxy", "no_proxy",
                                "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"};

// Compared without case; '*' at one end stands for any text. Everything above must be here too (a test sees
// to it).
constexpr std::array steering{
    // programs, folders, time and language of any process
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "OLDPWD", "TERM", "LANG", "LANGUAGE", "LC_*", "TZ",
    "TZDIR", "TMPDIR", "TMP", "TEMP", "XDG_*", "DBUS_*", "GNUPGHOME", "GPG_AGENT_INFO", "GPG_TTY",
    "SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_ASKPASS*", "SSH_SK_*", "NO_COLOR", "CLICOLOR*", "PAGER",
    // the loader and the C library
    "LD_*", "GLIBC_*", "MALLOC_*", "LOCPATH", "NLSPATH", "GCONV_PATH", "RES_OPTIONS", "LOCALDOMAIN",
    "HOSTALIASES", "RESOLV_*", "GETCONF_DIR", "NIS_PATH", "DATEMSK",
    // the Go runtime and its library
    "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "GORACE", "GOCOVERDIR", "SSL_CERT_*",
    "*_PROXY", "REQUEST_METHOD", "OTEL_*",
    // docker and podman, and what they start
    "DOCKER_*", "BUILDKIT_*", "BUILDX_*", "CONTAINER*", "PODMAN_*", "BUILDAH_*", "STORAGE_*",
    "REGISTRY_AUTH_FILE", "REGISTRIES_CONFIG_PATH", "NETAVARK_*", "AARDVARK_*", "CONMON_*", "CNI_*", "CRUN_*",
    "RUNC_*", "KUBECONFIG", "_*",
    // systemd
    "NOTIFY_SOCKET", "LISTEN_*", "WATCHDOG_*", "INVOCATION_ID", "SYSTEMD_*", "CREDENTIALS_DIRECTORY",
    // a client that is a shell script
    "ENV", "BASH*", "SHELLOPTS", "IFS", "CDPATH", "PS4", "POSIXLY_CORRECT"};

// Go's line reader refuses lines of 64 KiB; the kernel refuses strings of 128 KiB in an environment.
constexpr std::size_t longest_line = 65535;
constexpr std::size_t longest_entry = 131071;

bool same(std::string_view a, std::string_view b) {
    const auto upper = [](char c) { return std::toupper(static_cast<unsigned char>(c)); };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return upper(x) == upper(y); });
}

bool matches(std::string_view name, std::string_view pattern) {
    if (pattern.starts_with('*')) {
        pattern.remove_prefix(1);
        return name.size() >= pattern.size() && same(name.substr(name.size() - pattern.size()), pattern);
    }
    if (pattern.ends_with('*')) {
        pattern.remove_suffix(1);
        return same(name.substr(0, pattern.size()), pattern);
    }
    return same(name, pattern);
}

bool word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool ordinary_name(std::string_view name) {
    return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
           std::all_of(name.begin(), name.end(), word);
}

// Not for shells, but fit for a line of the file: podman takes a '*' at the end for a pattern, both cut
// blanks.
bool possible_name(std::string_view name) {
    return !name.empty() &&
           std::all_of(name.begin(), name.end(), [](char c) { return word(c) || c == '.' || c == '-'; });
}

bool valid_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = jsonrpc::utf8_length(text, i);
        if (length == 0) return false;
        i += length;
    }
    return true;
}

// Why the value can't be a line of an env-file; quotes, blanks and '#' are taken as they are (docker,
// podman).
const char* line_fault(const config::variable& variable) {
    const std::string_view value = variable.value;
    if (value.find('\n') != value.npos) return "it contains a line break";
    if (value.ends_with('\r')) return "it ends with a carriage return";
    if (!valid_utf8(value)) return "it is not valid UTF-8";
    if (variable.name.size() + 1 + value.size() > longest_line) return "it is longer than 64 KiB";
    return nullptr;
}

std::string complaint(const config::variable& variable, const std::string& why) {
    return "the variable " + variable.name + " can't be given to the container: " + why;
}

void sort_in(const config::variable& variable, split_variables& out) {
    if (!possible_name(variable.name)) {
        out.errors.push_back(
            "a variable's name holds other characters than letters, digits, '_', '.' and '-'");
    } else if (variable.value.find('\0') != std::string::npos) {
        out.errors.push_back(complaint(variable, "its value contains a NUL character"));
    } else if (variable.name.size() + 1 + variable.value.size() > longest_entry) {
        out.errors.push_back(complaint(variable, "its value is longer than the 128 KiB that Linux allows"));
    } else if (ordinary_name(variable.name) && !steers_client(variable.name)) {
        out.by_name.push_back(variable);
    } else if (const char* fault = line_fault(variable)) {
        out.errors.push_back(
            complaint(variable, std::string("the runtime's client obeys variables with such a name "
                                            "itself, so it travels as a line of a file, and ") +
                                    fault + "; use another name or put it into the image"));
    } else {
        out.file += variable.name + "=" + variable.value + "\n";
        out.in_file.push_back(variable.name);
    }
}

} // namespace

std::vector<std::string> client_environment(const variable_lookup& lookup) {
    std::vector<std::string> list;
    for (const std::string_view name : allowed_names)
        if (const auto value = lookup(name)) list.push_back(std::string(name) + "=" + *value);
    return list;
}

std::vector<std::string> pull_environment(const variable_lookup& lookup) {
    auto list = client_environment(lookup);
    for (const std::string_view name : pull_names)
        if (const auto value = lookup(name)) list.push_back(std::string(name) + "=" + *value);
    return list;
}

bool steers_client(std::string_view name) {
    return std::any_of(steering.begin(), steering.end(), [&](const char* one) { return matches(name, one); });
}

split_variables split(const std::vector<config::variable>& variables) {
    split_variables out;
    for (auto one = variables.begin(); one != variables.end(); ++one) {
        const auto later = [&](const config::variable& other) { return other.name == one->name; };
        if (std::none_of(std::next(one), variables.end(), later)) sort_in(*one, out);
    }
    return out;
}

} // namespace drawbridge::process
