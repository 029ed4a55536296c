//! Judged by a client that is not ours: `oci-client` pushes and pulls through the proxy, over TLS.

use std::net::SocketAddr;

use oci_client::client::{
    Certificate, CertificateEncoding, Client, ClientConfig, Config, ImageLayer,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Reference, RegistryOperation};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::*;
use crate::web::fixture::{HOST, article, change, content, registry_id};

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

struct Fixture {
    world: World,
    proxy: SocketAddr,
    authority: String,
}

/// A proxy with an authority of its own, in front of the article's world.
async fn fixture() -> Fixture {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"))
        .expect("an authority");
    let pem = authority.pem();
    let authority = Arc::new(authority);
    let world = article();
    let served = Cloud::new(world.clone(), Arc::default());
    let router = axum::Router::new().fallback(move |request: Request<Body>| {
        let (cloud, authority) = (served.clone(), authority.clone());
        async move { connect(&cloud, |host| leaf(&authority, host), request).await }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("binds");
    let proxy = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    Fixture {
        world,
        proxy,
        authority: pem,
    }
}

fn leaf(
    authority: &CertifiedIssuer<'static, KeyPair>,
    host: &str,
) -> Result<Arc<ServerConfig>, String> {
    let key = KeyPair::generate().map_err(|e| e.to_string())?;
    let params = CertificateParams::new(vec![host.to_owned()]).map_err(|e| e.to_string())?;
    let certificate = params
        .signed_by(&key, authority)
        .map_err(|e| e.to_string())?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .map_err(|e| e.to_string())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl Fixture {
    fn client(&self, use_monolithic_push: bool) -> Client {
        let root = Certificate {
            encoding: CertificateEncoding::Pem,
            data: self.authority.clone().into_bytes(),
        };
        Client::new(ClientConfig {
            tls_certs_only: vec![root],
            https_proxy: Some(format!("http://{}", self.proxy)),
            use_monolithic_push,
            ..Default::default()
        })
    }

    fn browser(&self) -> reqwest::Client {
        let root =
            reqwest::Certificate::from_pem(self.authority.as_bytes()).expect("a certificate");
        let proxy = reqwest::Proxy::https(format!("http://{}", self.proxy)).expect("a proxy");
        reqwest::Client::builder()
            .tls_certs_only([root])
            .proxy(proxy)
            .build()
            .expect("a client")
    }

    fn open(&self) {
        change(&self.world, &registry_id(), |r| {
            r.body["properties"]["publicNetworkAccess"] = "Enabled".into();
            r.body["properties"]["networkRuleSet"]["defaultAction"] = "Allow".into();
            r.body["properties"]["adminUserEnabled"] = true.into();
        });
    }
}

fn image(text: &str) -> Reference {
    format!("secureacr2021.azurecr.io/{text}")
        .parse()
        .expect("a reference")
}

fn admin(password: &str) -> RegistryAuth {
    RegistryAuth::Basic("secureacr2021".into(), password.into())
}

#[tokio::test]
async fn a_foreign_client_pushes_lists_and_pulls() {
    let fixture = fixture().await;
    fixture.open();
    for (use_monolithic_push, tag) in [(false, "pushed:v1"), (true, "pushed:v2")] {
        let client = fixture.client(use_monolithic_push);
        let target = image(tag);
        let layers = [ImageLayer::new(
            format!("layer of {tag}"),
            LAYER.to_owned(),
            None,
        )];
        let config = Config::oci_v1(&b"{}"[..], None);
        client
            .push(&target, &layers, config, &admin("first-password"), None)
            .await
            .expect(tag);
        let pulled = client
            .pull(&target, &admin("first-password"), vec![LAYER])
            .await
            .expect(tag);
        assert_eq!(pulled.layers[0].data, format!("layer of {tag}"));
        assert_eq!(
            pulled.digest,
            content(&fixture.world)
                .tagged("pushed", target.tag().unwrap_or_default())
                .expect("tag")
                .map(|d| d.to_string())
        );
    }
    let client = fixture.client(false);
    let tags = client
        .list_tags(&image("pushed"), &admin("second-password"), None, None)
        .await
        .expect("tags");
    assert_eq!(tags.tags, ["v1", "v2"]);
}

#[tokio::test]
async fn a_layer_is_shared_inside_a_repository() {
    let fixture = fixture().await;
    fixture.open();
    let (client, target) = (fixture.client(false), image("privatewebsite:lnx-v1"));
    let pulled = client
        .pull_image_manifest(&target, &admin("first-password"))
        .await
        .expect("manifest")
        .0;
    client
        .auth(&target, &admin("first-password"), RegistryOperation::Push)
        .await
        .expect("signs in");
    let digest = &pulled.layers[0].digest;
    client
        .mount_blob(&target, &target, digest)
        .await
        .expect("mounts");
    assert!(client.blob_exists(&target, digest).await.expect("asks"));
}

#[tokio::test]
async fn a_foreign_client_is_told_why_it_is_refused() {
    let fixture = fixture().await;
    let target = image("privatewebsite:lnx-v1");
    let closed = fixture
        .client(false)
        .pull_manifest(&target, &admin("first-password"))
        .await
        .expect_err("closed")
        .to_string();
    assert!(
        closed.contains("403") || closed.contains("not allowed access"),
        "{closed}"
    );
    fixture.open();
    let wrong = fixture
        .client(false)
        .pull_manifest(&target, &admin("wrong"))
        .await
        .expect_err("wrong")
        .to_string();
    assert!(
        wrong.contains("401") || wrong.to_lowercase().contains("auth"),
        "{wrong}"
    );
    let absent = image("privatewebsite:lnx-v9");
    let absent = fixture
        .client(false)
        .pull_manifest(&absent, &admin("first-password"))
        .await
        .expect_err("absent")
        .to_string();
    assert!(
        absent.contains("lnx-v9") && absent.to_lowercase().contains("manifest"),
        "{absent}"
    );
}

#[tokio::test]
async fn web_apps_answer_under_their_own_names_and_strangers_are_refused() {
    let fixture = fixture().await;
    let browser = fixture.browser();
    let page = browser
        .get(HOST)
        .send()
        .await
        .expect("a page")
        .text()
        .await
        .expect("text");
    assert_eq!(page, "<h1>Hello Linux v1</h1>");
    let nobody = browser
        .get("https://nobody.azurewebsites.net/")
        .send()
        .await
        .expect("an answer");
    assert_eq!(nobody.status(), 404);
    for stranger in [
        "https://example.com/",
        "https://absent.azurecr.io/v2/",
        "https://secureacrweb2021.azurewebsites.net:8443/",
    ] {
        assert!(browser.get(stranger).send().await.is_err(), "{stranger}");
    }
    let request = Request::builder()
        .method("CONNECT")
        .uri("example.com:443")
        .body(Body::empty())
        .expect("request");
    let cloud = Cloud::new(fixture.world, Arc::default());
    let refused = connect(&cloud, |_| Err("unused".into()), request).await;
    assert_eq!(refused.status(), 502);
}
