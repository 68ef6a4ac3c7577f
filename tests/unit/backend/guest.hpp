// A client of a backend, and what its session hears.
#pragma once

#include "backend/client.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace drawbridge::testing {

struct fake_port final : backend::port {
    void deliver(std::uint64_t link, std::string text, const jsonrpc::envelope& message) override {
        CHECK(message.method.end() <= text.size());
        links.push_back(link);
        heard.push_back(std::move(text));
    }
    void link_lost(std::uint64_t link) override { lost.push_back(link); }

    std::vector<std::string> heard;
    std::vector<std::uint64_t> links; // that spoke
    std::vector<std::uint64_t> lost;
};

// Without a session name: one who sends single requests.
struct guest {
    explicit guest(std::string session, std::size_t agent = 0, bool input_capable = false)
        : made(std::make_shared<backend::client>())
        , port(std::make_shared<fake_port>()) {
        made->session = std::move(session);
        made->agent = agent;
        made->input_capable = input_capable;
        if (input_capable) made->capabilities = R"({"roots":{}})";
        made->target = port;
    }

    operator backend::client_ref() const { return made; }
    const backend::client& operator*() const { return *made; }
    // What it heard since it was asked last.
    std::vector<std::string> heard() { return std::exchange(port->heard, {}); }

    std::shared_ptr<backend::client> made;
    std::shared_ptr<fake_port> port; // reset: its session is gone
};

} // namespace drawbridge::testing
