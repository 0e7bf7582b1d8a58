using Totem.Core.Groups;

namespace Totem.Tests.Groups;

/// <summary>docs/design/groups.md, "Sending only": who is told of changes, and who is handed messages.</summary>
public sealed class SendOnlyMembershipTests
{
    [Fact]
    public void A_membership_that_only_sends_hears_of_changes_and_is_handed_no_message()
    {
        var group = new Group(new GroupName("g"), 1);
        var sender = new GroupMembership(new GroupName("g"), 1, 1, null, receives: false);
        var reader = new GroupMembership(new GroupName("g"), 2, 2, null);
        group.AddReceiver(sender);
        Assert.Equal([sender], group.Receivers);
        Assert.Empty(group.Listeners);

        group.AddReceiver(reader);
        Assert.Equal([sender, reader], group.Receivers);
        Assert.Equal([reader], group.Listeners);

        group.RemoveReceiver(reader);
        Assert.Empty(group.Listeners);
        Assert.False(group.IsEmpty);
    }
}
