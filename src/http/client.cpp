#include "http/client.hpp"

#include "core/alarm.hpp"
#include "http/client_wire.hpp"
#include "http/tls.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cctype>
#include <set>

namespace drawbridge::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

constexpr std::size_t read_size = 64 * 1024;
constexpr std::uint32_t header_limit = 64 * 1024;

bool same_name(std::string_view left, std::string_view right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    });
}

// A response as it comes in: the head is kept, the body is handed out as it arrives.
class response_parser final : public bhttp::basic_parser<false> {
  public:
    response_parser() {
        eager(true);
        body_limit(boost::none);
        basic_parser::header_limit(http::header_limit);
    }

    unsigned status = 0;
    header_list fields;
    std::string body; // not handed out yet

  private:
    using error = beast::error_code;
    void on_request_impl(bhttp::verb, beast::string_view, beast::string_view, int, error&) override {}
    void on_response_impl(int code, beast::string_view, int, error&) override {
        status = static_cast<unsigned>(code);
    }
    void on_field_impl(bhttp::field, beast::string_view name, beast::string_view value, error&) override {
        fields.emplace_back(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    }
    void on_header_impl(error&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error&) override {}
    std::size_t on_body_impl(beast::string_view piece, error&) override {
        body.append(piece.data(), piece.size());
        return piece.size();
    }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, error&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view piece, error&) override {
        body.append(piece.data(), piece.size());
        return piece.size();
    }
    void on_finish_impl(error&) override {}
};

// What would end a line, and begin another header or request (RFC 9110, section 5.5).
bool breaks_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool is_sound(const outgoing& request) {
    return !breaks_line(request.method) && !breaks_line(request.target) &&
           std::none_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
               return breaks_line(header.first) || breaks_line(header.second);
           });
}

std::string serialize(const outgoing& request, const url& origin) {
    std::string text =
        request.method + " " + request.target + " HTTP/1.1\r\nHost: " + origin.authority() + "\r\n";
    for (const auto& [name, value] : request.headers)
        text += name + ": " + value + "\r\n";
    if (!request.body.empty() || request.method == "POST")
        text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    return text + "\r\n" + request.body;
}

} // namespace

struct client::pool {
    pool(core::executor where, client_settings given) : loop(where), settings(std::move(given)) {
        if (settings.origin.tls) tls = make_tls_context(settings.ca_file, tls_error);
    }

    std::unique_ptr<client_wire> take_idle();
    void give_back(std::unique_ptr<client_wire> wire);

    core::executor loop;
    client_settings settings;
    std::shared_ptr<core::asio::ssl::context> tls;
    std::string tls_error;
    std::vector<std::unique_ptr<client_wire>> idle; // the longest idle first
    std::set<client_wire*> busy;
    bool closed = false;
};

std::unique_ptr<client_wire> client::pool::take_idle() {
    const auto oldest = core::clock::now() - settings.idle_timeout;
    while (!idle.empty()) {
        auto wire = std::move(idle.back());
        idle.pop_back();
        if (wire->idle_since >= oldest && wire->usable()) return wire;
    }
    return nullptr;
}

void client::pool::give_back(std::unique_ptr<client_wire> wire) {
    const auto oldest = core::clock::now() - settings.idle_timeout;
    std::erase_if(idle, [&](const auto& each) { return each->idle_since < oldest; });
    if (closed || idle.size() >= settings.max_idle) return;
    wire->idle_since = core::clock::now();
    idle.push_back(std::move(wire));
}

struct exchange::implementation {
    implementation(std::shared_ptr<client::pool> owner, std::unique_ptr<client_wire> connection)
        : home(std::move(owner))
        , wire(std::move(connection))
        , alarm(home->loop) {
        home->busy.insert(wire.get());
    }
    ~implementation() {
        home->busy.erase(wire.get());
        if (parser.is_done() && parser.keep_alive() && !failure && !cut && wire->buffer.size() == 0)
            home->give_back(std::move(wire));
    }
    implementation(const implementation&) = delete;
    implementation& operator=(const implementation&) = delete;

    void watch(core::time_point deadline);
    core::task<bool> fill();
    core::task<client_error> send(const std::string& text);
    void fail(client_error::kind what, std::string text);
    void cancel();

    std::shared_ptr<client::pool> home;
    std::unique_ptr<client_wire> wire;
    core::alarm alarm;
    response_parser parser;
    client_error failure;
    bool starved = false; // the parser wants more than the buffer holds
    bool timed_out = false;
    bool cut = false;
};

void exchange::implementation::watch(core::time_point deadline) {
    if (deadline == core::time_point::max()) {
        alarm.call_off();
        return;
    }
    alarm.set(deadline, [this] {
        timed_out = true;
        wire->cut();
    });
}

void exchange::implementation::fail(client_error::kind what, std::string text) {
    if (failure) return;
    failure.what = timed_out ? client_error::kind::timed_out : cut ? client_error::kind::closed : what;
    failure.text = timed_out ? "no answer from " + home->settings.origin.authority() + " in time"
                   : cut     ? "the request was called off"
                             : std::move(text);
    failure.sent = true;
}

// Reads once and parses what is there. False: something failed.
core::task<bool> exchange::implementation::fill() {
    auto& buffer = wire->buffer;
    if (buffer.size() == 0 || starved) {
        const auto room = buffer.prepare(read_size);
        auto [error, n] = co_await wire->read(room);
        buffer.commit(n);
        starved = false;
        beast::error_code bad;
        if (error == core::asio::error::eof && parser.got_some()) parser.put_eof(bad);
        if (error && (bad || error != core::asio::error::eof || !parser.is_done())) {
            fail(client_error::kind::read,
                 "the connection to " + home->settings.origin.authority() + " broke: " +
                     (error == core::asio::error::eof ? "its server closed it" : error.message()));
            co_return false;
        }
    }
    while (buffer.size() > 0 && !parser.is_done() && !starved) {
        beast::error_code bad;
        buffer.consume(parser.put(buffer.data(), bad));
        starved = bad == bhttp::error::need_more;
        if (bad && !starved) {
            fail(client_error::kind::malformed,
                 home->settings.origin.authority() + " does not answer in HTTP: " + bad.message());
            co_return false;
        }
    }
    co_return true;
}

void exchange::implementation::cancel() {
    cut = true;
    wire->cut();
}

exchange::exchange(std::unique_ptr<implementation> impl) : impl_(std::move(impl)) {}
exchange::~exchange() = default;

unsigned exchange::status() const {
    return impl_->parser.status;
}

std::string_view exchange::header(std::string_view name) const {
    for (const auto& [each, value] : impl_->parser.fields)
        if (same_name(each, name)) return value;
    return {};
}

const client_error& exchange::error() const {
    return impl_->failure;
}

void exchange::cancel() {
    impl_->cancel();
}

core::task<std::optional<std::string>> exchange::read(core::time_point deadline) {
    auto& self = *impl_;
    self.watch(deadline);
    while (self.parser.body.empty() && !self.parser.is_done() && !self.failure) {
        const bool more = co_await self.fill();
        if (!more) break;
    }
    self.alarm.call_off();
    if (self.parser.body.empty()) co_return std::nullopt;
    co_return std::exchange(self.parser.body, std::string());
}

core::task<std::optional<std::string>> exchange::read_all(std::size_t limit, core::time_point deadline) {
    std::string all;
    for (;;) {
        auto piece = co_await read(deadline);
        if (!piece) break;
        all += *piece;
        if (all.size() <= limit) continue;
        impl_->fail(client_error::kind::too_large,
                    "the answer is larger than " + std::to_string(limit) + " bytes");
        break;
    }
    if (impl_->failure) co_return std::nullopt;
    co_return all;
}

client::client(core::executor loop, client_settings settings)
    : pool_(std::make_shared<pool>(loop, std::move(settings))) {}

client::~client() {
    close();
}

const url& client::origin() const {
    return pool_->settings.origin;
}

void client::close() {
    pool_->closed = true;
    pool_->idle.clear();
    for (auto* each : pool_->busy)
        each->cut();
}

void call_off::operator()() {
    done_ = true;
    if (end_) end_();
}

core::task<client::result> client::send(outgoing request, core::time_point head_deadline, call_off* end) {
    auto home = pool_;
    result answer;
    if (!is_sound(request)) {
        answer.error.what = client_error::kind::malformed;
        answer.error.text = "a request with a line break in a header was not sent";
        co_return answer;
    }
    const bool unwanted = home->closed || (end != nullptr && end->done());
    if (unwanted || (home->settings.origin.tls && !home->tls)) {
        answer.error.what = unwanted ? client_error::kind::closed : client_error::kind::tls;
        answer.error.text = unwanted ? "the request was called off" : home->tls_error;
        co_return answer;
    }
    auto wire = home->take_idle();
    const bool fresh = !wire;
    if (fresh) wire = std::make_unique<client_wire>(home->loop);
    auto running = std::make_unique<exchange::implementation>(home, std::move(wire));
    if (end != nullptr) end->end_ = [impl = running.get()] { impl->cancel(); };
    if (fresh) {
        running->watch(std::min(head_deadline, core::clock::now() + home->settings.connect_timeout));
        auto opened = co_await running->wire->open(home->settings.origin, home->tls);
        if (opened) {
            running->fail(opened.what, std::move(opened.text));
            answer.error = running->failure;
            answer.error.sent = false;
            if (end != nullptr) end->end_ = nullptr;
            co_return answer;
        }
    }
    running->watch(head_deadline);
    auto text = serialize(request, home->settings.origin);
    const auto unsent = co_await running->wire->write(std::move(text));
    if (unsent)
        running->fail(client_error::kind::write, "the connection to " + home->settings.origin.authority() +
                                                     " broke: " + unsent.message());
    // 1xx announce an answer that is still to come.
    while (!running->failure && (!running->parser.is_header_done() || running->parser.status < 200)) {
        if (running->parser.is_done()) std::exchange(running->parser, response_parser());
        co_await running->fill();
    }
    running->alarm.call_off();
    if (end != nullptr) end->end_ = nullptr;
    answer.error = running->failure;
    if (!answer.error) answer.value = std::make_unique<exchange>(std::move(running));
    co_return answer;
}

} // namespace drawbridge::http
