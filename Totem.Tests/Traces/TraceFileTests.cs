using System.Text;
using Totem.Simulation.Traces;
using Totem.Tests.Checkers;
using Xunit;

namespace Totem.Tests.Traces;

public sealed class TraceFileTests
{
    private const string Start = """{"event":"start","node":1,"life":1,"ticks":0}""";

    [Fact]
    public void A_file_that_is_written_is_read()
    {
        var events = Everything();
        Assert.Equal(events, ReadAll(Written(events), out var isTorn));
        Assert.False(isTorn);
    }

    [Fact]
    public void A_file_is_read_whole()
    {
        var path = Path.GetTempFileName();
        try
        {
            using (var writer = new TraceWriter(new FileStream(path, FileMode.Create, FileAccess.Write)))
                Everything().ForEach(writer.Write);
            var file = TraceReader.ReadFile(path);
            Assert.Equal(Everything(), file.Events);
            Assert.Equal((path, false), (file.Path, file.IsTorn));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_format_is_fixed()
    {
        var lines = Encoding.UTF8.GetString(Written(Everything())).Split('\n');
        Assert.Equal("""{"event":"start","node":1,"life":2,"ticks":5}""", lines[0]);
        Assert.Equal("""{"event":"install","node":1,"life":2,"ticks":"""
            + """6,"kind":"regular","ring":"1.8","previous":"0.0","members":[1,2,4294967295]}""", lines[1]);
        Assert.Equal("""{"event":"send","node":1,"life":2,"ticks":"""
            + """7,"message":"1#2/9","guarantee":"safe","hash":"fedcba9876543210","ring":"1.8"}""", lines[2]);
        Assert.Equal("""{"event":"fail","node":1,"life":2,"ticks":-1}""", lines[5]);
    }

    [Fact]
    public void Wherever_a_file_is_cut_the_whole_lines_before_are_read()
    {
        var events = Everything();
        var bytes = Written(events);
        for (var length = 0; length < bytes.Length; length++)
        {
            var whole = bytes.AsSpan(0, length).Count((byte)'\n');
            Assert.Equal(events.Take(whole), ReadAll(bytes[..length], out var isTorn));
            Assert.Equal(length > 0 && bytes[length - 1] != '\n', isTorn);
        }
    }

    [Theory]
    [InlineData("nonsense", "JSON expected")]
    [InlineData("", "JSON expected")]
    [InlineData("[]", "an object")]
    [InlineData(Start + " {}", "JSON expected")]
    [InlineData("""{"event":"start","node":1,"life":1,"ticks":0""", "JSON expected")]
    [InlineData("""{"event":"begin","node":1,"life":1,"ticks":0}""", "one of start, install, send, deliver, fail")]
    [InlineData("""{"event":"start","node":0,"life":1,"ticks":0}""", "node: a node id")]
    [InlineData("""{"event":"start","node":"1","life":1,"ticks":0}""", "node: a node id")]
    [InlineData("""{"event":"start","node":1,"life":0,"ticks":0}""", "life: a number from 1")]
    [InlineData("""{"event":"start","node":1,"life":1,"ticks":0.5}""", "ticks: a number")]
    [InlineData("""{"event":"start","node":1,"life":1}""", "the field ticks")]
    [InlineData("""{"event":"start","node":1,"life":1,"ticks":0,"ticks":0}""", "ticks once")]
    [InlineData("""{"event":"start","node":1,"life":1,"ticks":0,"color":3}""", "unknown field color")]
    [InlineData("""{"event":"start","node":1,"life":1,"ticks":0,"hash":"0000000000000001"}""", "no field hash")]
    [InlineData("""{"event":"install","node":1,"life":1,"ticks":"""
        + """0,"kind":"regular","ring":"1.8","previous":"0.0","members":[]}""", "at least one")]
    [InlineData("""{"event":"install","node":1,"life":1,"ticks":"""
        + """0,"kind":"regular","ring":"1-8","previous":"0.0","members":[1]}""", "a ring id like 1.8")]
    [InlineData("""{"event":"install","node":1,"life":1,"ticks":"""
        + """0,"kind":"regular","ring":"1.8","previous":"0.0","members":[{}]}""", "members: a node id")]
    [InlineData("""{"event":"send","node":1,"life":1,"ticks":"""
        + """7,"message":"1/9","guarantee":"safe","hash":"fedcba9876543210","ring":"1.8"}""",
        "a message id like 1#1/17")]
    [InlineData("""{"event":"send","node":1,"life":1,"ticks":"""
        + """7,"message":"1#1/9","guarantee":"safe","hash":"fed","ring":"1.8"}""", "16 hexadecimal digits")]
    [InlineData("""{"event":"send","node":1,"life":1,"ticks":"""
        + """7,"message":"1#1/9","guarantee":"maybe","hash":"fedcba9876543210","ring":"1.8"}""", "one of agreed, safe")]
    public void A_wrong_line_is_an_error_that_names_file_line_and_what_was_expected(string line, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(
            () => ReadAll(Encoding.UTF8.GetBytes($"{Start}\n{line}\n{Start}\n"), out _));
        Assert.StartsWith("some/file:2: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_has_a_longest_length()
    {
        var padded = Start + new string(' ', TraceReader.MaxLineBytes - Start.Length);
        Assert.Single(ReadAll(Encoding.UTF8.GetBytes(padded + "\n"), out _));
        var error = Assert.Throws<InvalidDataException>(() => ReadAll(Encoding.UTF8.GetBytes(padded + " \n"), out _));
        Assert.Contains("some/file:1: a line of at most", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => ReadAll(new byte[100_000], out _));
    }

    [Fact]
    public void Any_number_of_events_goes_through()
    {
        var events = Enumerable.Range(0, 5000).Select(x => Everything()[x % 6] with { TimeTicks = x }).ToList();
        Assert.Equal(events, ReadAll(Written(events), out _));
    }

    [Fact]
    public void An_event_that_is_not_flushed_waits()
    {
        using var stream = new MemoryStream();
        using var writer = new TraceWriter(stream);
        writer.Write(Everything()[0]);
        Assert.Equal(0, stream.Length);
        writer.Flush();
        Assert.NotEqual(0, stream.Length);
    }

    [Fact]
    public void An_install_without_a_configuration_is_refused()
    {
        using var writer = new TraceWriter(new MemoryStream());
        Assert.Throws<ArgumentException>(() => writer.Write(Everything()[1] with { Configuration = null }));
    }

    [Fact]
    public void Lives_are_merged_in_their_order()
    {
        var (one, two) = (new ProcessorId(1), new ProcessorId(2));
        TraceEvent[] first = [new(TraceEventKind.Start, one, 1), new(TraceEventKind.Fail, one, 1)];
        TraceEvent[] second = [new(TraceEventKind.Start, one, 2)];
        TraceEvent[] other = [new(TraceEventKind.Start, two, 1)];
        var trace = Trace.Merge(second, other, [], first);
        Assert.Equal([.. first, .. second], trace[one]);
        Assert.Equal(other, trace[two]);
    }

    [Fact]
    public void Parts_that_do_not_fit_are_refused()
    {
        var one = new ProcessorId(1);
        TraceEvent[] life = [new(TraceEventKind.Start, one, 1)];
        TraceEvent[] mixed = [new(TraceEventKind.Start, one, 1), new(TraceEventKind.Start, one, 2)];
        Assert.Throws<InvalidDataException>(() => Trace.Merge(life, life));
        Assert.Throws<InvalidDataException>(() => Trace.Merge(mixed));
    }

    private static List<TraceEvent> Everything()
    {
        var node = new ProcessorId(1);
        var ring = new RingId(node, 8);
        var regular = new Configuration(
            ConfigurationKind.Regular, ring, default, ForgedTrace.SetOf(1, 2, uint.MaxValue));
        var transitional = new Configuration(
            ConfigurationKind.Transitional, new RingId(node, ulong.MaxValue), ring, ForgedTrace.SetOf(1));
        return
        [
            new(TraceEventKind.Start, node, 2, 5),
            new(TraceEventKind.Install, node, 2, 6, regular),
            new(TraceEventKind.Send, node, 2, 7, null, new MessageId(node, 2, 9), Guarantee.Safe,
                0xFEDCBA9876543210, ring),
            new(TraceEventKind.Install, node, 2, 8, transitional),
            new(TraceEventKind.Deliver, node, 2, long.MaxValue, null, new MessageId(node, int.MaxValue, long.MaxValue),
                Guarantee.Agreed, 1, ring),
            new(TraceEventKind.Fail, node, 2, -1),
        ];
    }

    private static byte[] Written(List<TraceEvent> events)
    {
        var stream = new MemoryStream();
        using (var writer = new TraceWriter(stream))
            events.ForEach(writer.Write);
        return stream.ToArray();
    }

    private static List<TraceEvent> ReadAll(byte[] bytes, out bool isTorn)
    {
        using var reader = new TraceReader(new MemoryStream(bytes), "some/file");
        var events = new List<TraceEvent>();
        while (reader.TryRead(out var traceEvent))
            events.Add(traceEvent);
        isTorn = reader.IsTorn;
        return events;
    }
}
