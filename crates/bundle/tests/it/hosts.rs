//! Services, cron, variables of the kernel and mounts: files that hosts read.

use crate::target::{Target, one};
use windlass_bundle::{
    Bundle, Condition, Cron, Facts, File, Mode, Mount, Op, Resource, Service, ServicePolicy,
    Sysctl, check_for, plan,
};

const SSH: &str = "usr/lib/systemd/system/ssh.service=[Unit]\nDescription=x\n[Service]\nAlias=no\n\
    [Install]\nWantedBy=multi-user.target other.target\nAlias=sshd.service\nAlso=ssh.socket\n";
const SOCKET: &str = "usr/lib/systemd/system/ssh.socket=[Install]\nWantedBy=sockets.target\n";
const GETTY: &str = "usr/lib/systemd/system/getty@.service=[Install]\nRequiredBy=getty-%i.target\n";

/// What is below `/etc` after it.
fn after(before: &[&str], resource: impl Into<Resource>) -> Result<Vec<String>, String> {
    let target = Target::new(before);
    let reached = target.reach(&one(resource.into()));
    reached.map_err(|errors| errors[0].message.clone())?;
    let entries = target.entries().into_iter().filter(|entry| !entry.ends_with('/'));
    Ok(entries.filter(|entry| entry.starts_with("etc/")).collect())
}

#[test]
fn a_service_is_enabled_as_its_unit_says() {
    let wants = "etc/systemd/system/multi-user.target.wants";
    let link = |rest: &str| format!("etc/systemd/system/{rest}");
    let unit = "/usr/lib/systemd/system/ssh.service";
    let enabled = vec![
        link(&format!("multi-user.target.wants/ssh.service -> {unit}")),
        link(&format!("other.target.wants/ssh.service -> {unit}")),
        link("sockets.target.wants/ssh.socket -> /usr/lib/systemd/system/ssh.socket"),
        link(&format!("sshd.service -> {unit}")),
    ];
    let ssh = || Service::new("ssh").enabled(true);
    assert_eq!(after(&[SSH, SOCKET], ssh()).unwrap(), enabled);
    let before = [SSH, SOCKET, wants, &enabled[0]];
    assert_eq!(after(&before, ssh()).unwrap(), enabled);
    let off = after(&before, Service::new("ssh.service").enabled(false));
    assert_eq!(off.unwrap(), [""; 0]);
    assert_eq!(after(&[SSH], Service::new("ssh").running(true)).unwrap(), [""; 0]);
    let getty = after(&[GETTY], Service::new("getty@tty1").enabled(true)).unwrap();
    let place = "getty-tty1.target.requires/getty@tty1.service";
    assert_eq!(getty, [link(&format!("{place} -> /usr/lib/systemd/system/getty@.service"))]);
}

#[test]
fn a_service_of_openrc_is_in_a_runlevel() {
    let before = ["etc/runlevels/default", "etc/runlevels/boot", "etc/init.d/sshd=#!"];
    let script = "etc/init.d/sshd=#!";
    let link = "etc/runlevels/default/sshd -> /etc/init.d/sshd";
    let on = after(&before, Service::new("sshd").enabled(true)).unwrap();
    assert_eq!(on, [script, link]);
    let boot = "etc/runlevels/boot/sshd -> /etc/init.d/sshd";
    let before = [&before[..], &[link, boot]].concat();
    assert_eq!(after(&before, Service::new("sshd").enabled(false)).unwrap(), [script]);
}

#[test]
fn other_files_of_hosts_are_written() {
    const FSTAB: &str = "etc/fstab=# x\n/dev/a / ext4 defaults 0 1\n/dev/b\t/m\text4\tro 0 2\n";
    let table: Vec<(&[&str], Resource, Vec<&str>)> = vec![
        (
            &["etc/cron.d"],
            Cron::new("job", "*/5 * * * *", "date +%F").user("web").into(),
            vec!["etc/cron.d/job=*/5 * * * * web date +\\%F\n"],
        ),
        (&["etc/cron.d/job=x"], Cron::removed("job").into(), vec![]),
        (
            &["etc/sysctl.d"],
            Sysctl::new("net.ipv4.ip_forward", "1").into(),
            vec!["etc/sysctl.d/90-net.ipv4.ip_forward.conf=net.ipv4.ip_forward = 1\n"],
        ),
        (
            &[FSTAB, "m"],
            Mount::new("/m", "/dev/b", "ext4").into(),
            vec!["etc/fstab=# x\n/dev/a / ext4 defaults 0 1\n/dev/b /m ext4 defaults 0 0\n"],
        ),
        (&[FSTAB, "m"], Mount::new("/m", "/dev/b", "ext4").options("ro").into(), vec![FSTAB]),
        (
            &[FSTAB, "m\\n"],
            Mount::new("/m\\n", "tmpfs", "tmpfs").into(),
            vec![
                "etc/fstab=# x\n/dev/a / ext4 defaults 0 1\n/dev/b\t/m\text4\tro 0 2\n\
                 tmpfs /m\\134n tmpfs defaults 0 0\n",
            ],
        ),
        (
            &[FSTAB],
            Mount::removed("/m").into(),
            vec!["etc/fstab=# x\n/dev/a / ext4 defaults 0 1\n"],
        ),
        (&["etc"], Mount::removed("/m").into(), vec![]),
        (&["etc/sysctl.d/90-a.b.conf=x"], Sysctl::removed("a.b").into(), vec![]),
    ];
    for (before, resource, expected) in table {
        assert_eq!(after(before, resource.clone()).unwrap(), expected, "{resource:?}");
    }
}

#[test]
fn on_a_host_something_is_run_as_well() {
    let table: Vec<(&[&str], Resource, &[&str])> = vec![
        (&[SSH], Service::new("ssh").running(true).into(), &["systemctl start ssh"]),
        (&[SSH], Service::new("ssh").running(false).into(), &["systemctl stop ssh"]),
        (
            &[SSH],
            Service::new("ssh").policy(ServicePolicy::Reload).into(),
            &["systemctl reload ssh"],
        ),
        (
            &[SSH],
            Service {
                restart: Some("./again".into()),
                ..Service::new("ssh").policy(ServicePolicy::Restart)
            }
            .into(),
            &["/bin/sh -ec ./again"],
        ),
        (
            &[SOCKET],
            Service::new("ssh.socket").enabled(true).running(true).into(),
            &["systemctl daemon-reload", "systemctl start ssh.socket"],
        ),
        (&["etc/runlevels"], Service::new("sshd").running(true).into(), &["rc-service sshd start"]),
        (
            &["etc/sysctl.d", "proc/sys/vm/x=0\n"],
            Sysctl::new("vm.x", "1").into(),
            &["sysctl -q -w vm.x=1"],
        ),
        (&["etc/sysctl.d", "proc/sys/vm/x=1\t2\n"], Sysctl::new("vm.x", "1 2").into(), &[]),
        (&["m", "etc"], Mount::new("/m", "a", "b").into(), &["mount -- /m"]),
        (&["m", "etc", "proc/mounts=a /m b rw 0 0\n"], Mount::new("/m", "a", "b").into(), &[]),
        (&["proc/mounts=a /m b rw 0 0\n"], Mount::removed("/m").into(), &["umount -- /m"]),
    ];
    for (before, resource, expected) in table {
        let target = Target::new(before);
        let facts = Facts { mode: Mode::Host, ..Facts::default() };
        let plans = plan(&one(resource.clone()), &target.root(), &facts).unwrap();
        let changes = plans.iter().flat_map(|one| &one.changes);
        let commands = changes.filter_map(|change| {
            let Op::Run { commands } = &change.op else { return None };
            Some(commands)
        });
        let lines: Vec<_> = commands.flatten().map(|one| one.argv.join(" ")).collect();
        assert_eq!(lines, expected, "{resource:?}");
    }
}

#[test]
fn what_can_not_be_is_said() {
    let table: Vec<(&[&str], Resource, &str)> = vec![
        (&["etc"], Service::new("ssh").enabled(true).into(), "neither systemd nor OpenRC"),
        (&[SOCKET], Service::new("ssh").enabled(true).into(), "no unit ssh.service"),
        (
            &["usr/lib/systemd/system/a.service=[Unit]\n"],
            Service::new("a").enabled(true).into(),
            "no [Install] section",
        ),
        (&["etc/runlevels"], Service::new("a").enabled(true).into(), "no /etc/init.d/a"),
        (&[], Service::new("../a").into(), "no name of a service"),
        (&[], Service::new("a").into(), "says nothing"),
        (&[], Sysctl { value: "1".into(), ..Sysctl::removed("a.b") }.into(), "has no value"),
        (&[], Cron::new("a.b", "@daily", "x").into(), "cron only reads"),
        (&[], Cron::new("a", "* *", "x").into(), "five fields"),
        (&[], Cron::new("a", "@daily", "x\ny").into(), "more than one line"),
        (&[], Sysctl::new("a", "1").into(), "no name of a variable"),
        (&[], Sysctl::new("a.b", "").into(), "one line"),
        (&["etc"], Mount::new("/m", "a", "b").into(), "no directory /m"),
        (&["m"], Mount::new("/m", "", "b").into(), "no `device`"),
    ];
    for (before, resource, expected) in table {
        let error = after(before, resource).expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_is_for_hosts_has_no_place_in_an_image() {
    let only = |mode| Condition { mode: vec![mode], ..Condition::default() };
    let bundle = Bundle::new()
        .with(File::new("/a"))
        .with(Sysctl::new("vm.x", "1"))
        .with(Resource::from(Sysctl::new("vm.y", "1")).only_if(only(Mode::Host)))
        .with(Resource::from(Mount::removed("/m")).only_if(only(Mode::Image)))
        .with(Service::new("ssh").enabled(true))
        .with(Cron::removed("job"));
    let places = |mode| {
        let errors = check_for(&bundle, mode);
        assert!(errors.iter().all(|error| error.message.contains("for hosts")), "{errors:?}");
        errors.iter().map(|error| error.index().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(places(Mode::Image), [1, 3, 5]);
    assert_eq!(places(Mode::Host), [0; 0]);
    let facts = Facts { mode: Mode::Image, ..Facts::default() };
    let bundle = one(Sysctl::new("vm.x", "1"));
    let errors = plan(&bundle, &Target::new(&[]).root(), &facts).unwrap_err();
    assert!(errors[0].message.contains("for hosts"), "{errors:?}");
}
