#include "config/runtime_args.hpp"

#include "config/runtime_flags.hpp"

#include <optional>
#include <string_view>

namespace drawbridge::config {

namespace {

using enum flag_ruling;

bool begins(std::string_view text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}

bool shares_namespace(std::string_view value) {
    // `--network type=host` and lists (`name=..,`) are docker's long forms; podman takes `host:options`.
    if (begins(value, "name=")) value.remove_prefix(5);
    return value == "host" || begins(value, "host:") || begins(value, "host,") ||
           begins(value, "container:") || begins(value, "ns:") || begins(value, "pod") ||
           begins(value, "path:");
}

bool falsy(std::string_view value) {
    return value == "false" || value == "0" || value == "f" || value == "F" || value == "False" ||
           value == "FALSE";
}

bool is_host(std::string_view value) {
    if (begins(value, "name=")) value.remove_prefix(5);
    return value == "host";
}

bool takes_rights_away(std::string_view value) {
    return value == "no-new-privileges" || value == "no-new-privileges:true" ||
           value == "no-new-privileges=true";
}

bool is_profile(std::string_view value) {
    return begins(value, "seccomp=") || begins(value, "apparmor=") || begins(value, "label=") ||
           begins(value, "seccomp:") || begins(value, "apparmor:") || begins(value, "label:");
}

// Walks the arguments once; each step looks at one of them, and at the next where that is its value.
class walk {
  public:
    explicit walk(const std::vector<std::string>& args) : args_(args) {}

    runtime_args run() {
        while (at_ < args_.size()) {
            const auto first = at_;
            moved_ = false;
            const std::string_view argument = args_[at_];
            if (begins(argument, "--") && argument.size() > 2)
                long_flag(argument.substr(2));
            else if (begins(argument, "-") && argument != "--" && argument.size() > 1)
                letters(argument.substr(1));
            else
                refuse("is not a flag, nor the value of one: it would take the place of the image",
                       "write flags as \"--flag=value\"; arguments of the server go into `entrypointArgs`");
            ++at_;
            for (auto kept = first; !moved_ && kept < at_; ++kept)
                found_.kept.push_back(args_[kept]);
        }
        return std::move(found_);
    }

  private:
    void long_flag(std::string_view text) {
        const auto equals = text.find('=');
        const auto* known = flag_by_name(text.substr(0, equals));
        if (known == nullptr) {
            if (equals == std::string_view::npos)
                refuse("is a flag that this version does not know, and has no value",
                       "write it as \"--flag=value\" (a switch as \"--flag=true\")");
            return;
        }
        if (equals != std::string_view::npos)
            judge(*known, text.substr(equals + 1));
        else if (known->takes_value)
            with_next(*known);
        else
            judge(*known, "true");
    }

    // "-it", "-v/a:/b", "-u=1000": letters up to the first that takes a value; the rest is that value.
    void letters(std::string_view text) {
        const bool bundled = text.front() != 'e' && text.find('e') != text.npos;
        while (!text.empty()) {
            if (bundled && text.front() == 'e')
                return refuse("hides -e behind another one-letter flag", "write it as \"--env=NAME=VALUE\"");
            const auto* known = flag_by_letter(text.front());
            text.remove_prefix(1);
            if (known == nullptr)
                return refuse("holds a one-letter flag that this version does not know",
                              "write it in its long form, as \"--flag=value\"");
            if (!text.empty() && text.front() == '=') return judge(*known, text.substr(1));
            if (!known->takes_value)
                judge(*known, "true");
            else if (text.empty())
                return with_next(*known);
            else
                return judge(*known, text);
        }
    }

    void with_next(const runtime_flag& known) {
        if (at_ + 1 >= args_.size()) {
            // Refused flags need no second complaint.
            if (known.rule == flag_ruling::refuse) return judge(known, {});
            return refuse("ends with a flag that needs a value: the image would become that value",
                          "write it as \"--" + std::string(known.name) + "=value\"");
        }
        judge(known, args_[at_ + 1]);
        ++at_;
    }

    void judge(const runtime_flag& known, std::string_view value) {
        bool bad = false;
        switch (known.rule) {
        case allow:
            break;
        case flag_ruling::refuse:
            bad = known.takes_value || !falsy(value);
            break;
        case host_with_warning:
            if (is_host(value)) return warn(known);
            bad = shares_namespace(value);
            break;
        case not_host:
            bad = shares_namespace(value);
            break;
        case not_false:
            bad = falsy(value);
            break;
        case security_profile:
            if (is_profile(value)) return warn(known);
            bad = !takes_rights_away(value);
            break;
        case not_our_labels:
            bad = begins(value, "io.drawbridge");
            break;
        case move_to_env:
            return move_variable(value);
        }
        if (bad) refuse(name_of(known) + " is not allowed here", std::string(known.instead));
    }

    void move_variable(std::string_view text) {
        const auto equals = text.find('=');
        std::optional<std::string> value;
        if (equals != text.npos) value = std::string(text.substr(equals + 1));
        found_.variables.push_back({at_, std::string(text.substr(0, equals)), std::move(value)});
        moved_ = true;
    }

    void warn(const runtime_flag& known) {
        found_.warnings.push_back({at_,
                                   {"the runtime flag --" + std::string(known.name) +
                                        " takes away a part of this server's isolation",
                                    "leave it out if the server works without it"}});
    }

    static std::string name_of(const runtime_flag& known) {
        std::string out = "the runtime flag --" + std::string(known.name);
        if (known.letter != '\0') out += std::string(" (-") + known.letter + ')';
        if (known.rule == not_host)
            out += " with a namespace of the host or of another container";
        else if (known.rule == not_false)
            out += "=false";
        else if (known.rule == host_with_warning)
            out += " with a namespace of another container";
        else if (known.rule == security_profile)
            out += " with this value";
        else if (known.rule == not_our_labels)
            out += " with a name of io.drawbridge";
        return out;
    }

    void refuse(std::string message, std::string suggestion) {
        found_.refused.push_back({at_, {std::move(message), std::move(suggestion)}});
    }

    const std::vector<std::string>& args_;
    std::size_t at_ = 0;
    bool moved_ = false; // the present flag became a variable
    runtime_args found_;
};

} // namespace

runtime_args judge_runtime_args(const std::vector<std::string>& args) {
    return walk(args).run();
}

} // namespace drawbridge::config
