//! Requests as no client should send them, raw over TLS: always an answer in ARM's shape, never a panic.

mod support;

use std::sync::{Arc, OnceLock};

use lazuli_emulator::Options;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use support::Azure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

/// One emulator for all cases, with something in it to stumble over.
struct Target {
    runtime: Runtime,
    azure: Azure,
    tls: TlsConnector,
}

fn target() -> &'static Target {
    static TARGET: OnceLock<Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let runtime = Runtime::new().expect("a runtime");
        let azure = runtime.block_on(async {
            let azure = Azure::with(Options::default()).await;
            azure.group("g").await;
            azure
        });
        let pem = azure.emulator.ca_pem().as_bytes();
        let mut roots = rustls::RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(pem).expect("a certificate");
        roots.add(ca).expect("trusted");
        let mut config = rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Target {
            runtime,
            azure,
            tls: TlsConnector::from(Arc::new(config)),
        }
    })
}

impl Target {
    /// Sends bytes on a connection of their own and answers all that comes back. Who hangs up says that
    /// no more will come; without that a server rightly waits for the rest of the request.
    fn exchange(&self, request: &[u8], hangs_up: bool) -> Vec<u8> {
        self.runtime.block_on(async {
            let port = self.azure.emulator.endpoint().port().expect("a port");
            let stream = TcpStream::connect(("127.0.0.1", port))
                .await
                .expect("connected");
            let name = ServerName::try_from("localhost").expect("a name");
            let mut stream = self.tls.connect(name, stream).await.expect("TLS");
            // The server may answer and hang up before it has read everything.
            let _ = stream.write_all(request).await;
            let _ = stream.flush().await;
            if hangs_up {
                let _ = stream.shutdown().await;
            }
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            answer
        })
    }

    /// A request with a valid token, so that it gets as far as it can.
    fn signed(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let bearer = &self.azure.bearer;
        let length = body.len();
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {bearer}\r\ncontent-length: {length}\r\n{headers}\r\n"
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.exchange(&request, false)
    }
}

/// Status and body of an HTTP/1.1 answer.
fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer[end + 4..].to_vec()))
}

/// What holds for every answer: not our own failure, and refusals carry a code and a message.
fn in_arms_shape(method: &str, answer: &[u8]) -> Result<u16, String> {
    let shown = String::from_utf8_lossy(&answer[..answer.len().min(600)]).into_owned();
    let (status, body) = parse(answer).ok_or(format!("no answer: {shown:?}"))?;
    if status == 500 {
        return Err(format!("the emulator failed: {shown}"));
    }
    // These have no body by the rules of HTTP.
    if status < 400 || method == "HEAD" {
        return Ok(status);
    }
    let body: Value = serde_json::from_slice(&body).map_err(|error| format!("{error}: {shown}"))?;
    let error = match &body["error"] {
        Value::Object(_) => &body["error"],
        _ => &body,
    };
    // Entra's errors have a word under `error`, App Service's have capital letters.
    let code = [&error["code"], &error["Code"], &body["error"]];
    let message = [
        &error["message"],
        &error["Message"],
        &body["error_description"],
    ];
    let said = |candidates: [&Value; 3]| {
        candidates
            .into_iter()
            .any(|text| text.as_str().is_some_and(|text| !text.is_empty()))
    };
    if said(code) && said(message) {
        Ok(status)
    } else {
        Err(format!("not ARM's shape: {shown}"))
    }
}

fn check(method: &str, target_: &str, headers: &str, body: &[u8], expect: &[u16]) {
    let answer = target().signed(method, target_, headers, body);
    match in_arms_shape(method, &answer) {
        Ok(status) => assert!(expect.contains(&status), "{method} {target_}: {status}"),
        Err(reason) => panic!("{method} {target_}: {reason}"),
    }
}

fn group() -> String {
    format!(
        "/subscriptions/{}/resourceGroups/g",
        target().azure.emulator.subscription()
    )
}

#[test]
fn the_usual_mistakes() {
    let group = group();
    let at = |path: &str| format!("{group}{path}?api-version=2024-05-01");
    let network = at("/providers/Microsoft.Network/virtualNetworks/v");
    let json = "content-type: application/json\r\n";
    check("PUT", &network, json, b"{", &[400]);
    check("PUT", &network, json, b"\xff\xfe", &[400]);
    check("PUT", &network, json, b"[1,2]", &[400]);
    check("PUT", &network, json, b"null", &[400]);
    check(
        "PUT",
        &network,
        json,
        b"{\"location\":7,\"properties\":[]}",
        &[400],
    );
    check(
        "PUT",
        &network,
        "content-type: text/plain\r\n",
        b"hello",
        &[400],
    );
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    check("PUT", &network, json, &deep, &[400]);
    let deep = [b"{\"a\":".repeat(50_000), b"1".to_vec(), vec![b'}'; 50_000]].concat();
    check("PUT", &network, json, &deep, &[400]);
    check("PUT", &network, json, &vec![b' '; (4 << 20) + 1], &[413]);
    check(
        "GET",
        &at("/providers/Microsoft.Network/virtualNetworks/%ff"),
        "",
        b"",
        &[400],
    );
    check(
        "GET",
        &at("//providers//Microsoft.Network//virtualNetworks//v"),
        "",
        b"",
        &[404],
    );
    check("GET", &at("/providers"), "", b"", &[400, 404, 501]);
    check(
        "GET",
        &at("/providers/Microsoft.Network"),
        "",
        b"",
        &[400, 404, 501],
    );
    check(
        "GET",
        &at(&"/a".repeat(5_000)),
        "",
        b"",
        &[400, 404, 414, 501],
    );
    check(
        "GET",
        &format!("{group}?api-version=latest"),
        "",
        b"",
        &[400],
    );
    check(
        "GET",
        &format!("{group}?api-version=2024-99-99"),
        "",
        b"",
        &[400],
    );
    check("GET", &group, "", b"", &[400]);
    check(
        "GET",
        "/subscriptions/not-a-guid?api-version=2024-05-01",
        "",
        b"",
        &[404],
    );
    check("BREW", &at(""), "", b"", &[405]);
    check("TRACE", &network, "", b"", &[405]);
    check("POST", &network, json, b"{}", &[405]);
    check("PATCH", &network, json, b"3", &[400, 404]);
    let large = format!("x-large: {}\r\n", "a".repeat(60_000));
    check("GET", &at(""), &large, b"", &[200]);
}

#[test]
fn what_is_no_http_ends_the_connection_and_nothing_else() {
    let nonsense: [&[u8]; 7] = [
        b"GET /`{ HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nx: \x7f\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00\x01\x02\xff\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost localhost\r\n\r\n",
    ];
    for bytes in nonsense {
        let answer = target().exchange(bytes, true);
        let status = parse(&answer).map(|(status, _)| status);
        assert!(status.is_none_or(|status| status == 400), "{status:?}");
    }
    let headers: String = (0..2_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    let answer = target().signed("GET", "/", &headers, b"");
    assert_eq!(parse(&answer).map(|(status, _)| status), Some(431));
    check(
        "GET",
        &format!("{}?api-version=2024-05-01", group()),
        "",
        b"",
        &[200],
    );
}

/// Words that mean something to ARM, and some that do not.
fn segment() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "subscriptions",
        "22222222-2222-2222-2222-222222222222",
        "resourceGroups",
        "resourcegroups",
        "g",
        "providers",
        "Microsoft.Network",
        "Microsoft.Web",
        "Microsoft.ContainerRegistry",
        "Microsoft.Authorization",
        "virtualNetworks",
        "subnets",
        "privateEndpoints",
        "privateDnsZones",
        "A",
        "registries",
        "scheduleRun",
        "sites",
        "config",
        "web",
        "list",
        "roleAssignments",
        "operations",
        "operationResults",
        "locations",
        "tenants",
        "oauth2",
        "v2.0",
        "token",
        "metadata",
        "endpoints",
        "%2F",
        "%00",
        "%ff",
        "%",
        "..",
        ".",
        "",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[A-Za-z0-9._~!$&'()*+,;=:@-]{0,20}"]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(Value::from("10.0.0.0/16")),
        Just(Value::from("westus")),
    ];
    let name = prop::sample::select(vec![
        "location",
        "properties",
        "tags",
        "sku",
        "name",
        "id",
        "identity",
        "type",
        "addressSpace",
        "addressPrefixes",
        "subnets",
        "siteConfig",
        "serverFarmId",
        "kind",
        "x",
    ]);
    let json = leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|pairs| {
                let pairs = pairs
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value));
                Value::Object(pairs.collect())
            }),
        ]
    });
    prop_oneof![
        4 => json.prop_map(|json| json.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => Just(Vec::new()),
    ]
}

fn query() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just("?api-version=2024-05-01".to_owned()),
        1 => Just(String::new()),
        1 => "\\?[A-Za-z0-9._~!$&'()*+,;=:@/?%-]{0,30}",
        1 => Just("?api-version=2024-05-01&%24filter=a%20eq%20%27b&t=1&c=MII&s=x&h=y".to_owned()),
    ]
}

#[test]
fn any_request_is_answered_in_arms_shape() {
    let method = prop::sample::select(vec![
        "GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "FOO",
    ]);
    let kind = prop::sample::select(vec![
        "content-type: application/json\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-type: ;;\r\n",
        "if-match: *\r\n",
        "if-none-match: \"\r\n",
        "",
    ]);
    let below_group = any::<bool>();
    let segments = prop::collection::vec(segment(), 0..9);
    let request = (method, below_group, segments, query(), kind, body());
    // Bounded and always the same cases: a failure prints its request, and nothing is written down.
    let config = Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(
        config,
        prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let outcome = runner.run(
        &request,
        |(method, below_group, segments, query, headers, body)| {
            let start = if below_group { group() } else { String::new() };
            let path = format!("{start}/{}{query}", segments.join("/"));
            if path == "/" {
                return Ok(());
            }
            let answer = target().signed(method, &path, headers, &body);
            in_arms_shape(method, &answer)
                .map(|_| ())
                .map_err(|reason| TestCaseError::fail(format!("{method} {path}: {reason}")))
        },
    );
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
