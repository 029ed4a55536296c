//! How an app is published: its credentials, its profile, and whether basic authentication is allowed.

use http::StatusCode;
use serde_json::{Value, json};

use super::naming::AppName;
use super::sites;
use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::{Answer, Body, Call, json};
use crate::world::Resource;

pub(super) const KINDS: [Kind; 3] = [
    policy_kind("Microsoft.Web/sites/basicPublishingCredentialsPolicies"),
    policy_kind("Microsoft.Web/sites/slots/basicPublishingCredentialsPolicies"),
    Kind {
        get: Some(get_user),
        put: Some(put_user),
        is_own: true,
        ..Kind::new(USER)
    },
];

/// What a person deploys with, to every app: it belongs to the one who asks, not to a subscription.
pub(crate) const USER: &str = "Microsoft.Web/publishingUsers";

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

fn user_shown(call: &Call<'_>) -> Answer {
    let name = call.existing().map(|user| user.private["name"].clone());
    Answer::ok(json!({
        "id": null, "name": "web", "type": "Microsoft.Web/publishingUsers/web",
        "properties": {
            "name": null, "publishingUserName": name, "publishingPassword": null, "publishingPasswordHash": null,
            "publishingPasswordHashSalt": null, "metadata": null, "isDeleted": false, "scmUri": null,
        },
    }))
}

fn get_user(call: &Call<'_>) -> Result<Answer, Answer> {
    if !json::same(call.target.name(), "web") {
        return Err(call.not_found());
    }
    Ok(user_shown(call))
}

/// The password is not kept: nothing of this world asks for it.
fn put_user(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    let name = json::text(&given["publishingUserName"]);
    if name.is_empty() {
        let message = "The publishing user needs properties.publishingUserName.";
        return Err(Answer::web(400, "BadRequest", message));
    }
    lifecycle::store(call, json!({}), json!({ "name": name }));
    get_user(call)
}
