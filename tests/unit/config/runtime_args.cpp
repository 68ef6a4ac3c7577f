#include "config/runtime_args.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::config;

using words = std::vector<std::string>;

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
        CHECK(check_runtime_args(args).empty());
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
             words{"--security-opt", "seccomp=unconfined"},
             words{"--security-opt=apparmor=unconfined"},
             words{"--security-opt=no-new-privileges:false"},
             words{"--network", "host"},
             words{"--network=host"},
             words{"--network=name=host"},
             words{"--net=container:other"},
             words{"--network", "ns:/proc/1/ns/net"},
             words{"--pid=host"},
             words{"--pid", "container:other"},
             words{"--ipc=host"},
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
             words{"--env", "A=b"},
             words{"-e", "A"},
             words{"-eA=b"},
             words{"--env-host"},
             words{"--restart=always"},
             words{"--pod", "x"},
             words{"--rootfs"},
             words{"--gpus", "all"},
             words{"--interactive=false"},
             words{"-i=false"},
         }) {
        CAPTURE(args.front());
        const auto found = check_runtime_args(args);
        REQUIRE(found.size() == 1);
        CHECK(found[0].index == 0);
        CHECK(!found[0].what.suggestion.empty());
    }
}

TEST_CASE("config args: nothing can take the place of the image, or swallow it") {
    CHECK(check_runtime_args({"evil:latest"}).size() == 1);
    CHECK(check_runtime_args({"--init", "evil:latest"})[0].index == 1);
    CHECK(check_runtime_args({"--user", "1", "2"})[0].index == 2);
    CHECK(check_runtime_args({"--"}).size() == 1);
    CHECK(check_runtime_args({"-"}).size() == 1);
    CHECK(check_runtime_args({""}).size() == 1);
    CHECK(check_runtime_args({"--user"})[0].what.message.find("needs a value") != std::string::npos);
    CHECK(check_runtime_args({"-u"}).size() == 1);
    CHECK(check_runtime_args({"--volume"}).size() == 1);
    CHECK(check_runtime_args({"--unknown"}).size() == 1);
    CHECK(check_runtime_args({"--unknown", "--privileged"}).size() == 2);
    CHECK(check_runtime_args({"-z"}).size() == 1);
    CHECK(check_runtime_args({"---"}).size() == 1);
}

TEST_CASE("config args: all faults are told, and no value is") {
    const auto found =
        check_runtime_args({"--env", "TOKEN=s3cret", "--init", "s3cret", "-vs3cret:/x", "--s3cret"});
    REQUIRE(found.size() == 4);
    CHECK(found[0].index == 0);
    CHECK(found[1].index == 3);
    CHECK(found[2].index == 4);
    CHECK(found[3].index == 5);
    for (const auto& one : found)
        CHECK((one.what.message + one.what.suggestion).find("s3cret") == std::string::npos);
    CHECK(found[2].what.message.find("--volume (-v)") != std::string::npos);
    CHECK(found[2].what.suggestion.find("mounts") != std::string::npos);
}
