//! How an app is published: its credentials, its profile, and whether basic authentication is allowed.

use http::StatusCode;
use serde_json::{Value, json};

use super::naming::AppName;
use super::sites;
use crate::arm::providers::Kind;
use crate::arm::{Answer, Body, Call, json};
use crate::world::Resource;

pub(super) const KINDS: [Kind; 2] = [
    policy_kind("Microsoft.Web/sites/basicPublishingCredentialsPolicies"),
    policy_kind("Microsoft.Web/sites/slots/basicPublishingCredentialsPolicies"),
];

const fn policy_kind(name: &'static str) -> Kind {
    Kind {
        put: Some(put_policy),
        get: Some(get_policy),
        list: Some(list_policies),
        ..Kind::new(name)
    }
}

const POLICIES: [&str; 2] = ["ftp", "scm"];

/// The user name and the password of an app's publishing user.
pub(super) fn credentials(app: &Resource) -> Answer {
    let name = AppName::of(app);
    let user = format!("${}", name.user());
    let password = &app.private["publishingPassword"];
    let scm = format!(
        "https://{user}:{}@{}",
        json::text(password),
        name.scm_host()
    );
    let properties = json!({
        "name": null, "publishingUserName": user, "publishingPassword": password, "publishingPasswordHash": null,
        "publishingPasswordHashSalt": null, "metadata": null, "isDeleted": false, "scmUri": scm,
    });
    Answer::ok(json!({
        "id": format!("{}/publishingcredentials/{user}", app.id), "name": name.site, "type": "Microsoft.Web/sites/publishingcredentials",
        "location": app.body["location"], "properties": properties,
    }))
}

/// The profile that `POST …/publishxml` answers, in its three methods.
pub(super) fn profile(app: &Resource) -> Answer {
    let name = AppName::of(app);
    let (user, host, scm) = (name.user(), name.host(), name.scm_host());
    let password = json::text(&app.private["publishingPassword"]);
    let common = format!(
        "userPWD=\"{password}\" destinationAppUrl=\"http://{host}\" SQLServerDBConnectionString=\"\" mySQLDBConnectionString=\"\" hostingProviderForumLink=\"\" controlPanelLink=\"https://portal.azure.com\" webSystem=\"WebSites\"><databases /></publishProfile>"
    );
    let one = |title: &str, method: &str, url: &str, more: &str, user: &str| {
        format!(
            "<publishProfile profileName=\"{} - {title}\" publishMethod=\"{method}\" publishUrl=\"{url}\" {more} userName=\"{user}\" {common}",
            name.site
        )
    };
    let ftp = "ftps://waws-prod-emu-001.ftp.azurewebsites.windows.net/site/wwwroot";
    let text = format!(
        "<publishData>{}{}{}</publishData>",
        one(
            "Web Deploy",
            "MSDeploy",
            &format!("{scm}:443"),
            &format!("msdeploySite=\"{user}\""),
            &format!("${user}")
        ),
        one(
            "FTP",
            "FTP",
            ftp,
            "ftpPassiveMode=\"True\"",
            &format!("{user}\\${user}")
        ),
        one(
            "Zip Deploy",
            "ZipDeploy",
            &format!("{scm}:443"),
            "",
            &format!("${user}")
        ),
    );
    Answer {
        status: StatusCode::OK,
        headers: Vec::new(),
        body: Body::Text {
            content_type: "application/xml",
            text,
        },
    }
}

fn policy(call: &Call<'_>) -> Result<&'static str, Answer> {
    let name = call.target.name();
    let known = POLICIES.iter().find(|known| json::same(known, name));
    known.copied().ok_or_else(|| call.not_found())
}

fn shown(app: &Resource, policy: &str) -> Value {
    let allow = app.private["publishingPolicies"][policy] != false;
    json!({
        "id": format!("{}/basicPublishingCredentialsPolicies/{policy}", app.id), "name": policy,
        "type": "Microsoft.Web/sites/basicPublishingCredentialsPolicies", "location": app.body["location"],
        "properties": { "allow": allow },
    })
}

fn get_policy(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::ok(shown(&sites::site_of(call)?, policy(call)?)))
}

fn list_policies(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    let rows = POLICIES.iter().map(|policy| shown(&app, policy));
    Ok(super::listing(rows.collect()))
}

fn put_policy(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    let policy = policy(call)?;
    let Some(allow) = json::properties(call.object()?)?["allow"].as_bool() else {
        let message = format!("The policy '{policy}' needs properties.allow, true or false.");
        return Err(Answer::web(400, "BadRequest", message));
    };
    call.world.update(&app.id, |app| {
        json::set(&mut app.private["publishingPolicies"], policy, allow);
    });
    get_policy(call)
}
