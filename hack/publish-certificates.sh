#!/usr/bin/env bash
# Puts certificates on a branch and opens a pull request; run again, it brings both up to date.
# `make publish-certificates` calls it, in the root of a checkout:
#   NEW            folder of new certificates, called <from>-<to> each
#   ATTESTATIONS   folder with their attestations' bundles; empty: they are published as they are
#   GITHUB_RUN_ID  names the branch: an attempt of the same run finds what an earlier one left
#   FLUX_TENANCY   the command
set -euo pipefail

fail() {
  echo "publish-certificates: $1; next: $2" >&2
  exit 1
}

new=${NEW:?is the folder of new certificates}
attestations=${ATTESTATIONS:-}
flux_tenancy=${FLUX_TENANCY:-flux-tenancy}
branch=certificates-${GITHUB_RUN_ID:?is set in a workflow}
ref=refs/heads/$branch

ready=() refused=()
for folder in "$new"/*/; do
  [ -f "$folder/certificate.yaml" ] || continue
  if [ -n "$attestations" ] && ! "$flux_tenancy" certificate-attestation "$folder" "$attestations"; then
    refused+=("$(basename "$folder")")
  elif ! "$flux_tenancy" verify --unsigned "$folder"; then
    refused+=("$(basename "$folder")")
  else
    ready+=("$(basename "$folder")")
  fi
done
if [ "${#ready[@]}" -eq 0 ]; then
  fail "no certificate below '$new' can be published" "see why above; \`flux-tenancy certify\` makes one"
fi

base=$(git rev-parse HEAD)
gh auth setup-git
found=0
git ls-remote --exit-code origin "$ref" >/dev/null || found=$?
case $found in
  0) # An earlier attempt's, perhaps with commits of somebody else: this one goes on top.
    git fetch origin "$ref"
    git switch --force-create "$branch" FETCH_HEAD
    ;;
  2) git switch --force-create "$branch" ;;
  *) fail "the branches of 'origin' cannot be listed" "may this job write contents?" ;;
esac

for name in "${ready[@]}"; do
  rm -rf "certificates/$name"
  cp -R "$new/$name" certificates/
done
"$flux_tenancy" certificates certificates
git add certificates
if git diff --cached --quiet; then
  echo "the branch has these certificates already"
else
  git -c user.name='github-actions[bot]' -c user.email='github-actions[bot]@users.noreply.github.com' \
    commit --quiet --message "Certificates of upgrades: ${ready[*]}"
fi
git push origin "HEAD:$ref"

# Of all attempts.
names=$(git diff --name-only "$base" HEAD -- 'certificates/*/*' | cut -d/ -f2 | sort -u | xargs)
title="Certificates of upgrades: $names"
number=$(gh pr list --head "$branch" --state open --json number --jq '.[0].number // empty')
if [ -n "$number" ]; then
  # Not `gh pr edit`, which asks for more rights than a workflow's token has.
  gh api --silent --method PATCH "repos/{owner}/{repo}/pulls/$number" \
    --raw-field title="$title" --field body=@certificates/README.md
  echo "pull request $number is up to date"
elif ! gh pr create --head "$branch" --title "$title" --body-file certificates/README.md; then
  fail "the branch '$branch' is pushed, and its pull request cannot be opened" \
    "if GitHub Actions is not permitted to: Settings > Actions > General > Workflow permissions > 'Allow GitHub Actions \
to create and approve pull requests', then run this job again; or open it yourself"
fi
if [ "${#refused[@]}" -gt 0 ]; then
  fail "not published: ${refused[*]}" "see why above"
fi
