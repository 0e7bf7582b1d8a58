using System.Runtime.Versioning;
using Totem.Platform.Files;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.Local;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Local;

/// <summary><c>local[:PATH]</c>, and directories that others could spoil (F-26's relatives).</summary>
[SupportedOSPlatform("linux")]
public sealed class LocalOptionsTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Without_a_path_it_is_a_directory_of_this_user()
    {
        using var driver = ClusterDrivers.Create("local", out var option);
        Assert.Null(option);
        Assert.Equal(LocalOptions.DefaultPath, LocalOptions.Parse(option).Path);
        var user = LinuxFile.EffectiveUser();
        Assert.Equal(
            user == 0 ? "/run/totem/sheepdog" : Path.Combine(Path.GetTempPath(), $"totem-sheepdog-{user}"),
            LocalOptions.DefaultPath);
        driver.Init(option);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(LocalOptions.DefaultPath));
        var address = new byte[16];
        driver.GetLocalAddress(address);
        Assert.Equal([.. new byte[12], 127, 0, 0, 1], address);
    }

    [Theory]
    [InlineData(""), InlineData("relative/path"), InlineData("./x"), InlineData("path=/x"), InlineData("/a\0b")]
    public void A_path_that_is_not_absolute_is_refused_with_the_syntax(string option)
    {
        using var driver = ClusterDrivers.Create("local:" + option, out var given);
        var failure = Assert.Throws<ClusterDriverException>(() => driver.Init(given));
        Assert.Contains($"'{option}'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("local[:PATH]", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_is_made_with_all_its_parts_and_is_its_owner_s_alone()
    {
        var path = Path.Combine(_directory.Path, "a", "b");
        using var driver = new LocalDriver();
        driver.Init(path + "/");
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        driver.Init(path);
        driver.Join(new SheepNode([1], 1), []);
        foreach (var file in Directory.EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories))
        {
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(file) & ~OwnerOnly);
        }
    }

    [Fact]
    public void A_file_a_link_and_what_others_can_write_are_refused()
    {
        var file = Path.Combine(_directory.Path, "file");
        File.WriteAllText(file, "");
        AssertRefused(file, "no directory");
        var link = Path.Combine(_directory.Path, "link");
        Directory.CreateSymbolicLink(link, _directory.Path);
        AssertRefused(link, "no directory");
        var open = Path.Combine(_directory.Path, "open");
        Directory.CreateDirectory(open);
        File.SetUnixFileMode(open, OwnerOnly | UnixFileMode.OtherWrite);
        AssertRefused(open, "written by others");
        File.SetUnixFileMode(open, OwnerOnly | UnixFileMode.GroupWrite);
        AssertRefused(open, "written by others");
        AssertRefused("/proc/nothing/here", "/proc/nothing/here");
    }

    [RootFact]
    public void A_directory_of_another_user_is_refused()
    {
        var path = Path.Combine(_directory.Path, "theirs");
        Directory.CreateDirectory(path, OwnerOnly);
        Processes.SystemCommand.Run($"chown 65534 {path}");
        AssertRefused(path, "belongs to the user 65534");
    }

    private static void AssertRefused(string path, string reason)
    {
        using var driver = new LocalDriver();
        var failure = Assert.Throws<ClusterDriverException>(() => driver.Init(path));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
    }
}
