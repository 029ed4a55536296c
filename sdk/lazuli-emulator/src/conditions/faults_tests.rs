use super::super::fault_file::Faults;
use super::*;

const VNET: &str =
    "/subscriptions/s/resourcegroups/g/providers/microsoft.network/virtualnetworks/v";

fn subject(method: &str, path: &str, kind: &str, count: u64) -> Subject {
    Subject {
        identity: Identity {
            name: format!("{} {path}", method.to_lowercase()),
            count,
        },
        method: method.into(),
        path: path.into(),
        kind: kind.into(),
        host: String::new(),
        region: "westeurope".into(),
    }
}

fn network(method: &str, count: u64) -> Subject {
    subject(method, VNET, "Microsoft.Network/virtualNetworks", count)
}

fn rules(text: &str) -> Vec<Rule> {
    Faults::parse(text).expect("good rules").rules
}

fn status(rules: &[Rule], subject: &Subject, running_s: f64) -> Option<u16> {
    judge(rules, 1, subject, running_s)
        .refusal
        .map(|answer| answer.status.as_u16())
}

#[test]
fn rules_choose_by_provider_type_method_path_and_region() {
    let check = |choice: &str, expect: bool| {
        let rules = rules(&format!("[[fault]]\nkind = \"server_error\"\n{choice}"));
        assert_eq!(
            status(&rules, &network("PUT", 1), 0.0).is_some(),
            expect,
            "{choice}"
        );
    };
    check("", true);
    check("provider = 'microsoft.network'", true);
    check("provider = 'Microsoft.Web'", false);
    check("type = 'Microsoft.Network/virtualNetworks'", true);
    check("type = 'Microsoft.Network/privateEndpoints'", false);
    check("method = 'put'", true);
    check("method = ['GET', 'DELETE']", false);
    check("path = '*/virtualNetworks/V'", true);
    check("path = '*/virtualNetworks'", false);
    check("path = '*/resourceGroups/*'", true);
    check("region = 'West Europe'", true);
    check("region = 'eastus'", false);
}

#[test]
fn a_host_is_asked_for_by_name_and_the_control_plane_by_none() {
    let blob = "/v2/app/blobs/sha256:aa";
    let of = |host: &str| Subject {
        host: host.into(),
        region: String::new(),
        ..subject("GET", blob, "", 1)
    };
    let check = |choice: &str, subject: &Subject, expect: bool| {
        let rules = rules(&format!("[[fault]]\nkind = \"throttled\"\n{choice}"));
        let hit = judge(&rules, 1, subject, 0.0).refusal.is_some();
        assert_eq!(hit, expect, "{choice} {}", subject.host);
    };
    check("", &of("r.azurecr.io"), false);
    check("host = '*.azurecr.io'", &of("r.azurecr.io"), true);
    check("host = 'R.azurecr.io'", &of("r.azurecr.io"), true);
    check("host = '*.azurecr.io'", &of("app.azurewebsites.net"), false);
    check("host = '*'", &network("GET", 1), false);
    check(
        "host = '*'\npath = '/v2/*/blobs/*'\nmethod = 'GET'",
        &of("r.azurecr.io"),
        true,
    );
    check(
        "host = '*'\npath = '/v2/*/manifests/*'",
        &of("r.azurecr.io"),
        false,
    );
}

#[test]
fn storms_follow_the_count_of_their_own_identity() {
    let rules =
        rules("[[fault]]\nkind = \"throttled\"\nnth = [2, 7]\ntimes = 3\nretry_after_s = 4");
    let hit: Vec<u64> = (1..=10)
        .filter(|count| status(&rules, &network("PUT", *count), 0.0) == Some(429))
        .collect();
    assert_eq!(hit, [2, 3, 4, 7, 8, 9]);
}

#[test]
fn one_seed_one_story() {
    let rules = rules("[[fault]]\nkind = \"server_error\"\nprobability = 0.3");
    let story = |seed| -> Vec<bool> {
        (1..=64)
            .map(|count| {
                judge(&rules, seed, &network("PUT", count), 0.0)
                    .refusal
                    .is_some()
            })
            .collect()
    };
    assert_eq!(story(1), story(1));
    assert_ne!(story(1), story(2));
    assert!(story(1).contains(&true) && story(1).contains(&false));
}

#[test]
fn throttling_has_the_shape_of_its_provider() {
    let rules = rules("[[fault]]\nkind = \"throttled\"\nretry_after_s = 4");
    let code = |kind: &str| {
        let fate = judge(&rules, 1, &subject("PUT", "/x", kind, 1), 0.0);
        let answer = fate.refusal.expect("refused");
        assert!(answer.headers.contains(&("retry-after", "4".into())));
        let Body::Json(body) = answer.body else {
            panic!("JSON expected")
        };
        let text = |pointer: &str| {
            body.pointer(pointer)
                .and_then(|value| value.as_str())
                .map(str::to_owned)
        };
        (
            text("/error/code").or(text("/Code")).expect("a code"),
            text("/error/details/0/code"),
        )
    };
    let many = || "TooManyRequests".to_owned();
    assert_eq!(
        code("Microsoft.Network/virtualNetworks"),
        ("RetryableError".into(), Some(many()))
    );
    assert_eq!(code("Microsoft.Web/sites"), (many(), None));
    assert_eq!(
        code("Microsoft.ContainerRegistry/registries"),
        (many(), None)
    );
}

#[test]
fn windows_of_time_open_and_close() {
    let rules =
        rules("[[fault]]\nkind = \"outage\"\nregion = \"westeurope\"\nfrom_s = 10\nuntil_s = 20");
    let at = |second: f64| status(&rules, &network("GET", 1), second);
    assert_eq!(
        [at(9.9), at(10.0), at(19.9), at(20.0)],
        [None, Some(503), Some(503), None]
    );
}

#[test]
fn operations_and_lags_are_judged_apart() {
    let rules = rules(
        "[[fault]]\nkind = \"failed_operation\"\nmethod = \"PUT\"\ncode = \"C\"\nmessage = \"M\"\n\
         [[fault]]\nkind = \"stuck_operation\"\nmethod = \"DELETE\"\n\
         [[fault]]\nkind = \"role_lag\"\nfor_s = 30",
    );
    assert_eq!(judge(&rules, 1, &network("PUT", 1), 0.0), Fate::default());
    assert_eq!(
        judge_operation(&rules, 1, &network("PUT", 1), 0.0),
        Some(OperationFate::Failed {
            code: "C".into(),
            message: "M".into()
        })
    );
    assert_eq!(
        judge_operation(&rules, 1, &network("DELETE", 1), 0.0),
        Some(OperationFate::Stuck { for_s: None })
    );
    assert_eq!(judge_operation(&rules, 1, &network("PATCH", 1), 0.0), None);
    let put = network("PUT", 1);
    assert_eq!(lag(&rules, 1, FaultKind::RoleLag, &put, 0.0), Some(30.0));
    assert_eq!(lag(&rules, 1, FaultKind::ListLag, &put, 0.0), None);
}
