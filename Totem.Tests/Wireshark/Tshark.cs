namespace Totem.Tests.Wireshark;

/// <summary>Runs the real tshark with our dissector over a capture.</summary>
internal static class Tshark
{
    private const char Separator = '\u001f'; // between columns: no field holds one

    // Every run asks for these too: what must never be there, and what failures are explained with.
    private static readonly string[] Always =
    [
        "frame.number", "icmp.type", "totem.kind", "totem.malformed", "totem.incomplete", "totem.cut",
        "_ws.lua.error", "_ws.malformed", "_ws.expert.message", "_ws.col.Protocol", "_ws.col.Info",
    ];

    /// <summary>Dissects a capture. A Lua error or a failure of tshark fails the test.</summary>
    /// <param name="capture">The file.</param>
    /// <param name="fields">The fields to hand back, besides those that every frame has.</param>
    /// <param name="arguments">More arguments for tshark, such as <c>-2</c>.</param>
    public static async Task<IReadOnlyList<DissectedFrame>> DissectAsync(
        string capture, IReadOnlyList<string> fields, params string[] arguments)
    {
        string[] columns = [.. Always, .. fields];
        string[] commandLine =
        [
            "-n", "-X", $"lua_script:{WiresharkProgram.Script}", "-r", capture, .. arguments,
            "-T", "fields", "-E", $"separator={Separator}", "-E", "occurrence=a", "-E",
            $"aggregator={DissectedFrame.Aggregator}",
            .. columns.SelectMany(x => new[] { "-e", x }),
        ];
        var output = await WiresharkProgram.RunAsync("tshark", commandLine, isInstalled: false);
        var frames = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(x => columns.Zip(x.Split(Separator))
                .ToDictionary(y => y.First, y => y.Second, StringComparer.Ordinal))
            .Select(x => new DissectedFrame(x))
            .ToList();
        var broken = frames.FirstOrDefault(x => x.Has("_ws.lua.error")
            || (x.IsTotem && x.Has("_ws.malformed") != x.IsMalformed));
        Assert.True(broken is null, $"{capture}: {broken}");
        return frames;
    }

    /// <summary>The datagrams as a capture that is removed again, dissected.</summary>
    public static async Task<IReadOnlyList<DissectedFrame>> DissectAsync(
        IEnumerable<byte[]> datagrams, IReadOnlyList<string> fields, ushort port = 5405, params string[] arguments)
    {
        var path = Path.Combine(AppContext.BaseDirectory, $"wireshark-{Guid.NewGuid():N}.pcap");
        try
        {
            PcapWriter.Write(path, datagrams, port);
            return await DissectAsync(path, fields, arguments);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
