#include "config/runtime_args.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::config;

using words = std::vector<std::string>;

namespace {

std::vector<judged_argument> refused(const words& args) {
    return judge_runtime_args(args).refused;
}

} // namespace

TEST_CASE("config args: harmless flags pass in every spelling") {
    for (const words& args : {
             words{},
             words{"--init"},
             words{"--rm", "-i", "--interactive"},
             words{"-w", "/work", "--user", "1000:1000"},
             words{"-w=/work", "-u1000", "--user=1000"},
             words{"--network", "mynet", "--network=none"},
             words{"--net=bridge", "--pid=private", "--ipc", "shareable"},
             words{"--hostname", "--privileged"}, // the value of --hostname, as the runtime reads it
             words{"--security-opt", "no-new-privileges", "--security-opt=no-new-privileges:true"},
             words{"--read-only", "--tmpfs", "/tmp:size=64m", "--shm-size=1g"},
             words{"--some-new-flag=value"},
             words{"--privileged=false"},
             words{"-iq", "-qiw", "/x"},
             words{"--add-host", "host.docker.internal:host-gateway"},
             words{"--cap-drop", "ALL", "--platform=linux/amd64"},
         }) {
        CAPTURE(args.empty() ? std::string("nothing") : args.front());
        CHECK(refused(args).empty());
    }
}

TEST_CASE("config args: flags that break the isolation are refused in every spelling") {
    for (const words& args : {
             words{"--privileged"},
             words{"--privileged=true"},
             words{"--volume", "/:/host"},
             words{"--volume=/:/host"},
             words{"-v", "/:/host"},
             words{"-v/:/host"},
             words{"-v=/:/host"},
             words{"-iv", "/:/host"},
             words{"-iv/:/host"},
             words{"--mount", "type=bind,src=/,dst=/host"},
             words{"--mount=type=bind,src=/,dst=/host"},
             words{"--device", "/dev/kvm"},
             words{"--device=/dev/kvm"},
             words{"--volumes-from", "other"},
             words{"--cap-add", "SYS_ADMIN"},
             words{"--cap-add=ALL"},
             words{"--security-opt=no-new-privileges:false"},
             words{"--net=container:other"},
             words{"--network", "ns:/proc/1/ns/net"},
             words{"--pid=host"},
             words{"--pid", "container:other"},
             words{"--uts", "host"},
             words{"--userns=host"},
             words{"--cgroupns=host"},
             words{"--name", "mine"},
             words{"--cidfile=/tmp/x"},
             words{"--rm=false"},
             words{"--rm=0"},
             words{"-d"},
             words{"-id"},
             words{"--detach"},
             words{"-a", "stdout"},
             words{"-t"},
             words{"-it"},
             words{"--entrypoint", "sh"},
             words{"--env-file", "/x"},
             words{"--env-host"},
             words{"--restart=always"},
             words{"--pod", "x"},
             words{"--rootfs"},
             words{"--gpus", "all"},
             words{"--interactive=false"},
             words{"-i=false"},
             words{"--ipc=container:other"},
             words{"--label=io.drawbridge.instance=0"},
             words{"-l", "io.drawbridge.server=x"},
         }) {
        CAPTURE(args.front());
        const auto found = refused(args);
        REQUIRE(found.size() == 1);
        CHECK(found[0].index == 0);
        CHECK(!found[0].what.suggestion.empty());
    }
}

TEST_CASE("config args: nothing can take the place of the image, or swallow it") {
    CHECK(refused({"evil:latest"}).size() == 1);
    CHECK(refused({"--init", "evil:latest"})[0].index == 1);
    CHECK(refused({"--user", "1", "2"})[0].index == 2);
    CHECK(refused({"--"}).size() == 1);
    CHECK(refused({"-"}).size() == 1);
    CHECK(refused({""}).size() == 1);
    CHECK(refused({"--user"})[0].what.message.find("needs a value") != std::string::npos);
    CHECK(refused({"-u"}).size() == 1);
    CHECK(refused({"--volume"}).size() == 1);
    CHECK(refused({"--unknown"}).size() == 1);
    CHECK(refused({"--unknown", "--privileged"}).size() == 2);
    CHECK(refused({"-z"}).size() == 1);
    CHECK(refused({"---"}).size() == 1);
}

TEST_CASE("config args: all faults are told, and no value is") {
    const auto found = refused({"--env", "TOKEN=s3cret", "--init", "s3cret", "-vs3cret:/x", "--s3cret"});
    REQUIRE(found.size() == 3);
    CHECK(found[0].index == 3);
    CHECK(found[1].index == 4);
    CHECK(found[2].index == 5);
    for (const auto& one : found)
        CHECK((one.what.message + one.what.suggestion).find("s3cret") == std::string::npos);
    CHECK(found[1].what.message.find("--volume (-v)") != std::string::npos);
    CHECK(found[1].what.suggestion.find("mounts") != std::string::npos);
}

TEST_CASE("config args: the host's network and security profiles are the operator's choice, with a warning") {
    for (const words& args : {
             words{"--network", "host"},
             words{"--network=host"},
             words{"--net=name=host"},
             words{"--ipc=host"},
             words{"--security-opt", "seccomp=unconfined"},
             words{"--security-opt=apparmor=unconfined"},
             words{"--security-opt", "label=disable"},
         }) {
        CAPTURE(args.front());
        const auto judged = judge_runtime_args(args);
        CHECK(judged.refused.empty());
        CHECK(judged.kept == args);
        CHECK(judged.warnings.size() == 1);
    }
}

TEST_CASE("config args: variables are taken out, because a value must not stand in an argument list") {
    const auto judged =
        judge_runtime_args({"--init", "-e", "A=1=2", "--env=B=", "--env", "C", "-eD=4", "-w", "/x"});
    CHECK(judged.refused.empty());
    CHECK(judged.kept == words{"--init", "-w", "/x"});
    REQUIRE(judged.variables.size() == 4);
    CHECK(judged.variables[0].name == "A");
    CHECK(judged.variables[0].value == "1=2");
    CHECK(judged.variables[0].index == 1);
    CHECK(judged.variables[1].value == "");
    CHECK(judged.variables[2].name == "C");
    CHECK(!judged.variables[2].value);
    CHECK(judged.variables[3].value == "4");
    CHECK(refused({"-ie", "A=b"})[0].what.message.find("hides -e") != std::string::npos);
}
