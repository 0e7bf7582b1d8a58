namespace Totem;

/// <summary>A group and who is in it.</summary>
/// <param name="Group">The group.</param>
/// <param name="Members">Its members, sorted.</param>
public sealed record GroupRoster(GroupName Group, IReadOnlyList<GroupMember> Members);
