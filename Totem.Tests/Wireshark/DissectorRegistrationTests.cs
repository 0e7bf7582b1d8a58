using Totem.Tests.Captures;
using Totem.Tests.Requirements;

namespace Totem.Tests.Wireshark;

/// <summary>Which datagrams the dissector takes, and which it leaves to others.</summary>
public sealed class DissectorRegistrationTests
{
    private static readonly byte[] Join = Capture.Frame("udp-a-formation", 1);

    // corosync 1 and 2: another layout, known by its own magic in the first bytes.
    private static readonly byte[] Older = [0, 0, 0x22, 0xFF, .. new byte[60]];

    [PackageFact("tshark")]
    public async Task Frames_on_corosyncs_ports_are_ours_before_Wiresharks_own_dissector()
    {
        foreach (var port in new ushort[] { 5404, 5405 })
        {
            var frames = await Tshark.DissectAsync([Join], [], port, "--disable-heuristic", "totem_udp");
            Assert.Equal(("Totem", "Join from 1: members {1} after ring sequence 1"),
                (frames[0]["_ws.col.Protocol"], frames[0].Info));
        }
    }

    [PackageFact("tshark")]
    public async Task Frames_on_other_ports_are_known_by_magic_version_and_kind()
    {
        var frames = await Tshark.DissectAsync([Join, [0x70, 0xC0, 3, 9, .. new byte[20]], Older], [], port: 17_405);

        Assert.Equal([true, false, false], frames.Select(x => x.IsTotem));
    }

    [PackageFact("tshark")]
    public async Task The_preference_names_more_ports()
    {
        byte[] shortFrame = [0x70, 0xC0, 3, 5]; // too short for the heuristic
        var without = await Tshark.DissectAsync([shortFrame], [], port: 17_405);
        var with = await Tshark.DissectAsync([shortFrame], [], 17_405, "-o", "totem.ports:5404-5405,17400-17410");

        Assert.Equal((false, true), (without[0].IsTotem, with[0].IsTotem));
    }

    [PackageFact("tshark")]
    public async Task Older_versions_stay_with_Wiresharks_own_dissector()
    {
        var frames = await Tshark.DissectAsync([Older, [], [1, 2]], []);

        Assert.Equal(3, frames.Count);
        Assert.All(frames, x => Assert.False(x.IsTotem || x.IsMalformed, $"{x}"));
    }
}
