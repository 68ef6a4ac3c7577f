// Not part of the program: what tests/lint/coroutines must find (the lines marked BAD), and what it must let
// pass.
#include <coroutine>
#include <functional>
#include <string>
#include <utility>

namespace {

struct task {
    struct promise_type {
        task get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_value(int) {}
        void unhandled_exception() {}
    };
    bool await_ready() { return true; }
    void await_suspend(std::coroutine_handle<>) {}
    int await_resume() { return 1; }
};

struct aggregate {
    std::string name;
    int number = 0;
};

task take(aggregate) {
    co_return 1;
}
task take_function(std::function<void()>) {
    co_return 1;
}
task take_text(std::string) {
    co_return 1;
}
int both(aggregate, int) {
    return 1;
}
void spawn(std::function<task()>, aggregate) {}

template <class T>
task in_a_template(T value) {
    co_return co_await take(aggregate{value, 1}); // BAD
}

task wrong() {
    bool flag = true;
    int x = 1;
    co_await take(aggregate{"a", 1});                // BAD
    co_await take({.name = "a", .number = 1});       // BAD
    co_await take_function([x] { (void)x; });        // BAD
    both(aggregate{"x", 1}, co_await take_text("")); // BAD
    if (flag && co_await take_text("a") > 0) {       // BAD
        flag = false;
    }
    co_return co_await take({"x", 1}); // BAD
}

task right() {
    int x = 1;
    auto before = take(aggregate{"x", 1});
    co_await std::move(before);
    aggregate named{"a", 2};
    co_await take(std::move(named));
    co_await take_text(std::string("x") + "y");
    spawn([]() -> task { co_return co_await take_text("fine"); }, {"x", 1});
    const int got = co_await take_text("plain");
    const bool both_set = got == 1 && x == 1;
    if (const int r = co_await take_text("x"); r > 0 && x > 1) {
        x = 2;
    }
    co_return co_await take_text(both_set ? "s" : "t");
}

} // namespace

int main() {
    (void)in_a_template(std::string("x"));
    (void)wrong();
    (void)right();
    return 0;
}
